#include "firn/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/freeze_watch.h"
#include "contain/holder.h"
#include "firn/freeze.h"
#include "respond/case_json.h"

/* One capture under way. */
struct run {
	struct firn_target *target;
	struct firn_ledger *ledger;
	const struct firn_capture *how;
	struct firn_archive *archive;
	json_t *result;
	json_t *times;
	uint64_t start_ns;
	bool frozen_by_us;
	struct firn_holder *holder; /* or NULL */
	struct firn_watch *watch;   /* or NULL */
	json_t *seen;               /* what the watch saw, once it ended */
};

static void
mark(struct run *run, const char *name)
{
	double ms = (double)(firn_monotonic_ns() - run->start_ns) / 1e6;

	json_object_set_new(run->times, name, json_real(ms));
}

static int
cut(struct run *run, enum firn_isolate_part part, const char *name,
    struct firn_err *err)
{
	json_t *said = NULL;

	if (!run->how->isolate)
		return 0;
	if (firn_isolate_part(run->target, run->ledger, &run->how->isolation,
			      part, &said, err) < 0)
		return -1;
	json_object_set_new(run->result, name, said);
	return 0;
}

/* Was there anything that we did?  Of one that its runtime had paused, what
 * had left its cgroup. */
static bool
is_to_be_undone(const json_t *freeze)
{
	const char *already = firn_json_string(freeze, "already", NULL);
	const json_t *one;
	size_t i;

	if (already == NULL)
		return true;
	if (strcmp(already, "firn") == 0)
		return false;
	json_array_foreach(json_object_get(freeze, "escaped"), i, one) {
		const char *by = firn_json_string(one, "held_by", NULL);

		if (by != NULL && strcmp(by, "quarantine") == 0)
			return true;
	}
	return false;
}

static int
freeze(struct run *run, struct firn_err *err)
{
	struct firn_freezing freezing = run->how->freezing;
	json_t *said = NULL;

	if (run->how->leave_running)
		return firn_target_scan(run->target, err);
	if (!run->how->leave_tasks)
		freezing.holder = &run->holder;
	if (firn_freeze(run->target, run->ledger, &freezing, &said, err) < 0)
		return -1;
	json_object_set_new(run->result, "freeze", said);
	run->frozen_by_us = is_to_be_undone(said);
	mark(run, "frozen_ms");
	return 0;
}

static void
at_member(struct firn_archive *archive, void *arg)
{
	struct run *run = arg;

	if (!firn_watch_look(run->watch))
		firn_archive_frozen(archive, false);
}

/* Is it frozen all the time, and who dies meanwhile? */
static int
keep_watch(struct run *run, struct firn_err *err)
{
	struct firn_watching how = {
		.holds_tasks = !run->how->leave_tasks,
		/* Not against firn's own keeper. */
		.refreeze = !run->how->leave_thawed &&
			    run->how->freezing.max_s == 0,
		.alarm = run->how->alarm,
		.alarm_arg = run->how->alarm_arg,
	};
	struct firn_err why = { 0 };

	if (run->how->leave_running)
		return 0;
	/* It also sees who thaws; a failure is the watch's to tell of. */
	if (run->holder == NULL &&
	    firn_holder_start(&run->holder, run->target, &why) < 0)
		run->holder = NULL;
	how.holder = run->holder;
	if (run->holder != NULL)
		run->target->holder_pid = firn_holder_pid(run->holder);
	if (firn_watch_start(&run->watch, run->target, run->ledger, &how, err) <
	    0)
		return -1;
	return 0;
}

static void
note_thaws(struct run *run)
{
	const json_t *thaws = json_object_get(run->seen, "thawed_meanwhile");
	const json_t *thaw;
	size_t i;

	json_array_foreach(thaws, i, thaw) {
		const char *comm = firn_json_string(thaw, "by", "comm", NULL);
		struct firn_err why = { 0 };

		firn_err_set(&why, EAGAIN, "thawed meanwhile by %s%s, at %s",
			     comm != NULL ? comm : "somebody",
			     json_is_true(json_object_get(thaw, "ran"))
				     ? "; it ran"
				     : "",
			     firn_json_string(thaw, "time", NULL));
		firn_archive_gap(run->archive, "freeze", "the target", &why);
	}
}

/* Kills that wait complete now. */
static void
end_watch(struct run *run)
{
	json_t *freeze = json_object_get(run->result, "freeze");
	json_t *tasks = json_object_get(freeze, "tasks_held");

	if (run->archive != NULL)
		firn_archive_on_member(run->archive, NULL, NULL);
	if (run->watch != NULL) {
		run->seen = firn_watch_report(run->watch);
		if (run->archive != NULL)
			note_thaws(run);
		json_object_set(tasks, "not_held",
				json_object_get(run->seen, "not_held"));
		json_object_del(run->seen, "not_held");
		json_object_update(run->result, run->seen);
	}
	firn_watch_end(&run->watch);
	firn_holder_end(&run->holder);
}

/* cut -> freeze -> cut the interfaces: DESIGN.md, section 6. */
static int
contain(struct run *run, struct firn_err *err)
{
	if (cut(run, FIRN_ISOLATE_CGROUP, "isolate", err) < 0 ||
	    freeze(run, err) < 0 ||
	    cut(run, FIRN_ISOLATE_LINKS, "isolate_links", err) < 0)
		return -1;
	if (run->how->isolate)
		mark(run, "isolated_ms");
	return keep_watch(run, err);
}

static int
put_back(struct run *run, struct firn_err *err)
{
	json_t *said = NULL;

	if (!run->frozen_by_us || run->how->keep_frozen)
		return 0;
	if (firn_thaw(run->target, run->ledger, false, &said, err) < 0)
		return -1;
	run->frozen_by_us = false;
	if (run->archive != NULL)
		firn_archive_frozen(run->archive, false);
	json_object_set_new(run->result, "thaw", said);
	return 0;
}

static int
write_case(struct run *run, struct firn_err *err)
{
	static const struct firn_member_source source = {
		.source = "the capture itself",
		.meaning = "firn-archive(5)",
	};
	autojson json_t *json = firn_case_json(run->target, run->how);

	return firn_archive_json(run->archive, "data/case.json", json, &source,
				 err);
}

static int
write_checklist(struct run *run, json_t *checklist, struct firn_err *err)
{
	static const struct firn_member_source source = {
		.collector = "secrets",
		.source = "what was collected",
		.meaning = "firn(1), secrets",
	};
	autofree char *markdown = firn_secrets_markdown(checklist);

	if (markdown == NULL)
		return firn_err_nomem(err);
	if (firn_archive_json(run->archive, "data/assess/secrets.json",
			      checklist, &source, err) < 0)
		return -1;
	return firn_archive_bytes(run->archive, "data/assess/secrets.md",
				  markdown, strlen(markdown), &source, err);
}

static json_t *
in_short(const json_t *checklist)
{
	const json_t *items = json_object_get(checklist, "items"), *item;
	json_int_t urgent = 0;
	size_t i;

	json_array_foreach(items, i, item) {
		const char *priority = firn_json_string(item, "priority", NULL);

		urgent += priority != NULL && strcmp(priority, "P0") == 0;
	}
	return json_pack("{s:I, s:I}", "items",
			 (json_int_t)json_array_size(items), "urgent", urgent);
}

static int
make_checklist(struct run *run, json_t **ret, struct firn_err *err)
{
	autodone(firn_secret_rules_close) struct firn_secret_rules *own = NULL;
	const struct firn_secret_rules *rules = run->how->rules;

	if (rules == NULL) {
		if (firn_secret_rules_open(&own, NULL, 0, err) < 0)
			return -1;
		rules = own;
	}
	return firn_secrets_of_target(run->target, rules, run->how->of, ret,
				      err);
}

static int
assess(struct run *run, struct firn_err *err)
{
	autojson json_t *checklist = NULL;
	struct firn_err why = { 0 };

	if (make_checklist(run, &checklist, &why) < 0) {
		firn_archive_gap(run->archive, "secrets", "the checklist",
				 &why);
		return 0;
	}
	json_object_set_new(run->result, "secrets", in_short(checklist));
	return write_checklist(run, checklist, err);
}

/* What others did meanwhile: "action" and "phase" as in the ledger. */
static int
write_seen(struct run *run, const char *key, const char *action,
	   struct firn_err *err)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(run->seen, key), i, one) {
		autojson json_t *line = json_object();

		json_object_set(line, "time", json_object_get(one, "time"));
		json_object_set_new(line, "action", json_string(action));
		json_object_set_new(line, "phase", json_string("seen"));
		json_object_set_new(line, "details", json_deep_copy(one));
		if (firn_archive_containment(run->archive, line, err) < 0)
			return -1;
	}
	return 0;
}

/* What the ledger says of this boot, as evidence of our own doing. */
static int
write_containment(struct run *run, struct firn_err *err)
{
	const json_t *lines = firn_ledger_lines(run->ledger), *line;
	autojson json_t *frozen = NULL;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (firn_archive_containment(run->archive, line, err) < 0)
			return -1;
	}
	if (run->seen == NULL)
		return 0;
	if (write_seen(run, "thawed_meanwhile", "thaw", err) < 0 ||
	    write_seen(run, "killed", "kill", err) < 0)
		return -1;
	frozen = json_pack("{s:s, s:s, s:{s:O}}", "action", "watch", "phase",
			   "confirmed", "details", "cpu_us",
			   json_object_get(run->seen, "cpu_us"));
	return firn_archive_containment(run->archive, frozen, err);
}

/* Collectors are ordered by volatility: those before FIRN_LOST_WITH_CONTAINER
 * run first, and then what is volatile is safe. */
static size_t
names_of(const struct firn_capture *how, bool fleeting, const char **ret)
{
	size_t n_all, n = 0;
	const struct firn_collector *const *all = firn_collectors(&n_all);

	for (size_t i = 0; i < n_all; i++) {
		bool wanted = how->n_only == 0;

		for (size_t k = 0; k < how->n_only; k++)
			wanted |= strcmp(how->only[k], all[i]->name) == 0;
		if (wanted && all[i]->collect != NULL &&
		    (all[i]->volatility < FIRN_LOST_WITH_CONTAINER) == fleeting)
			ret[n++] = all[i]->name;
	}
	return n;
}

static int
collect(struct run *run, bool fleeting, struct firn_err *err)
{
	const char *names[32];
	size_t n = names_of(run->how, fleeting, names);

	if (n == 0)
		return 0;
	return firn_collect(run->target, &run->how->what, names, n,
			    run->archive, err);
}

/* Only once the state of its connections is captured. */
static void
reset(struct run *run)
{
	struct firn_err why = { 0 };
	json_t *said = NULL;

	if (!run->how->isolate || !run->how->isolation.reset)
		return;
	if (firn_reset(run->target, run->ledger, &said, &why) < 0)
		firn_archive_gap(run->archive, "reset",
				 "the end of its connections", &why);
	else
		json_object_set_new(run->result, "reset", said);
}

static int
read_everything(struct run *run, struct firn_err *err)
{
	if (write_case(run, err) < 0 || collect(run, true, err) < 0)
		return -1;
	mark(run, "volatile_ms");
	reset(run);
	if (collect(run, false, err) < 0)
		return -1;
	return assess(run, err);
}

static int
add_lines(struct firn_buf *text, const json_t *array, struct firn_err *err)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		autofree char *line = firn_json_line(item);

		if (line == NULL)
			return firn_err_nomem(err);
		firn_buf_addf(text, "%s\n", line);
	}
	return firn_buf_check(text, err);
}

/* What it has tried since it was cut. */
static int
write_attempts(struct run *run, struct firn_err *err)
{
	static const struct firn_member_source source = {
		.source = "BPF programs of isolate",
		.meaning = "firn(1), isolate --log",
	};
	autojson json_t *attempts = NULL;
	autobuf struct firn_buf text = { 0 };

	if (!run->how->isolate || !run->how->isolation.log)
		return 0;
	if (firn_attempts(run->ledger, &attempts, err) < 0 ||
	    add_lines(&text, attempts, err) < 0)
		return -1;
	if (attempts != NULL)
		json_object_set(run->result, "attempts", attempts);
	return firn_archive_bytes(run->archive, "data/network/attempts.jsonl",
				  text.len > 0 ? text.data : "", text.len,
				  &source, err);
}

static void
describe(struct run *run, const struct firn_sealed *sealed)
{
	char signer[FIRN_FINGERPRINT];
	json_t *result = run->result;
	bool frozen = firn_is_frozen(run->target);

	firn_key_fingerprint(run->how->key, signer);
	json_object_set_new(result, "target", firn_target_json(run->target));
	firn_json_text(result, "archive", sealed->path);
	firn_json_text(result, "seal", sealed->seal);
	firn_json_text(result, "signer", signer);
	json_object_set_new(result, "complete",
			    json_boolean(!sealed->partial &&
					 sealed->gaps == 0));
	json_object_set_new(result, "partial", json_boolean(sealed->partial));
	firn_json_uint(result, "members", sealed->members);
	firn_json_uint(result, "bytes_in", sealed->bytes_in);
	firn_json_uint(result, "bytes_out", sealed->bytes_out);
	firn_json_uint(result, "gaps", sealed->gaps);
	json_object_set_new(result, "state",
			    json_string(frozen ? "frozen" : "running"));
	json_object_set(result, "times", run->times);
}

static int
seal(struct run *run, struct firn_err *err)
{
	struct firn_sealed sealed;

	if (write_containment(run, err) < 0 ||
	    firn_archive_seal(run->archive, &sealed, err) < 0)
		return -1;
	mark(run, "sealed_ms");
	describe(run, &sealed);
	return 0;
}

/* A full disk latches the archive, and seal() then keeps what there is; any
 * other failure of reading ends the capture. */
static int
finish(struct run *run, int done, struct firn_err *err)
{
	struct firn_err undo = { 0 };

	end_watch(run);
	if (put_back(run, &undo) < 0) {
		if (run->archive == NULL)
			return firn_err_in(err, "%s; and before that",
					   undo.text);
		firn_archive_gap(run->archive, "thaw", "the target", &undo);
	}
	if (run->archive == NULL)
		return -1;
	if (done == 0)
		done = write_attempts(run, err);
	if (done < 0 && err->code != ENOSPC && err->code != EDQUOT)
		return -1;
	return seal(run, err);
}

static int
create(struct run *run, struct firn_err *err)
{
	const struct firn_archive_options options = {
		.path = run->how->path,
		.fd = run->how->fd,
		.case_id = run->how->of->id,
		.key = run->how->key,
	};

	if (firn_case_key(run->how->of, err) < 0 ||
	    firn_archive_create(&run->archive, &options, err) < 0)
		return -1;
	firn_archive_frozen(run->archive, firn_is_frozen(run->target));
	if (run->watch != NULL)
		firn_archive_on_member(run->archive, at_member, run);
	if (run->how->progress != NULL)
		firn_archive_on_progress(run->archive, run->how->progress,
					 run->how->progress_arg);
	return 0;
}

int
firn_capture(struct firn_target *target, struct firn_ledger *ledger,
	     const struct firn_capture *how, json_t **ret, struct firn_err *err)
{
	autojson json_t *result = json_object(), *times = json_object();
	struct run run = {
		.target = target,
		.ledger = ledger,
		.how = how,
		.result = result,
		.times = times,
		.start_ns = firn_monotonic_ns(),
	};
	int done;

	firn_json_text(result, "case", how->of->id);
	if (how->path != NULL && firn_archive_probe(how->path, err) < 0)
		return -1;
	done = contain(&run, err);
	if (done == 0)
		done = create(&run, err);
	if (done == 0)
		done = read_everything(&run, err);
	done = finish(&run, done, err);
	firn_archive_close(&run.archive);
	json_decref(run.seen);
	if (done == 0)
		*ret = firn_steal(result);
	return done;
}
