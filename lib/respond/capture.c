#include "firn/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
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
	json_t *said = NULL;

	if (run->how->leave_running)
		return firn_target_scan(run->target, err);
	if (firn_freeze(run->target, run->ledger, &run->how->freezing, &said,
			err) < 0)
		return -1;
	json_object_set_new(run->result, "freeze", said);
	run->frozen_by_us = is_to_be_undone(said);
	mark(run, "frozen_ms");
	return 0;
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
	firn_archive_frozen(run->archive, firn_is_frozen(run->target));
	return 0;
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
assess(struct run *run, struct firn_err *err)
{
	autojson json_t *checklist = NULL;
	struct firn_err why = { 0 };

	if (run->how->rules == NULL)
		return 0;
	if (firn_secrets_of_target(run->target, run->how->rules, run->how->of,
				   &checklist, &why) < 0) {
		firn_archive_gap(run->archive, "secrets", "the checklist",
				 &why);
		return 0;
	}
	json_object_set_new(run->result, "secrets", in_short(checklist));
	return write_checklist(run, checklist, err);
}

/* What the ledger says of this boot, as evidence of our own doing. */
static int
write_containment(struct run *run, struct firn_err *err)
{
	const json_t *lines = firn_ledger_lines(run->ledger), *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (firn_archive_containment(run->archive, line, err) < 0)
			return -1;
	}
	return 0;
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

static int
read_everything(struct run *run, struct firn_err *err)
{
	if (write_case(run, err) < 0 || collect(run, true, err) < 0)
		return -1;
	mark(run, "volatile_ms");
	if (collect(run, false, err) < 0)
		return -1;
	return assess(run, err);
}

static void
describe(struct run *run, const struct firn_sealed *sealed)
{
	char signer[FIRN_FINGERPRINT];
	json_t *result = run->result;
	bool frozen = firn_is_frozen(run->target);

	firn_key_fingerprint(run->how->key, signer);
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

	if (put_back(run, &undo) < 0)
		firn_archive_gap(run->archive, "thaw", "the target", &undo);
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

	if (firn_archive_create(&run->archive, &options, err) < 0)
		return -1;
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
	json_object_set_new(result, "target", firn_target_json(target));
	if (create(&run, err) < 0)
		return -1;
	done = contain(&run, err);
	if (done == 0)
		done = read_everything(&run, err);
	done = finish(&run, done, err);
	firn_archive_close(&run.archive);
	if (done == 0)
		*ret = firn_steal(result);
	return done;
}
