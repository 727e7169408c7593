#include "firn/capture.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/freeze.h"
#include "respond/capture_run.h"

static int
put_back(struct firn_run *run, struct firn_err *err)
{
	json_t *said = NULL;

	if (!run->frozen_by_us || run->how->keep_frozen)
		return 0;
	if (firn_thaw(run->target, run->ledger, false, &said, err) < 0)
		return -1;
	run->frozen_by_us = false;
	firn_run_mark(run, "thawed_ms");
	if (run->archive != NULL)
		firn_archive_frozen(run->archive, false);
	json_object_set_new(run->result, "thaw", said);
	return 0;
}

/* Collectors are ordered by volatility.  Once those before
 * FIRN_LOST_WITH_CONTAINER are done, what is volatile is safe; and for the last
 * ones the target needn't stand still. */
enum stage {
	STAGE_FLEETING,
	STAGE_STILL,
	STAGE_AFTERWARDS,
};

static enum stage
stage_of(const struct firn_collector *collector)
{
	if (collector->afterwards)
		return STAGE_AFTERWARDS;
	return collector->volatility < FIRN_LOST_WITH_CONTAINER ? STAGE_FLEETING
								: STAGE_STILL;
}

static size_t
names_of(const struct firn_capture *how, enum stage stage, const char **ret)
{
	size_t n_all, n = 0;
	const struct firn_collector *const *all = firn_collectors(&n_all);

	for (size_t i = 0; i < n_all; i++) {
		bool wanted = how->n_only == 0;

		for (size_t k = 0; k < how->n_only; k++)
			wanted |= strcmp(how->only[k], all[i]->name) == 0;
		if (wanted && all[i]->collect != NULL &&
		    stage_of(all[i]) == stage)
			ret[n++] = all[i]->name;
	}
	return n;
}

static int
collect(struct firn_run *run, enum stage stage, struct firn_err *err)
{
	const char *names[32];
	size_t n = names_of(run->how, stage, names);

	if (n == 0)
		return 0;
	return firn_collect(run->target, &run->what, names, n, run->archive,
			    err);
}

/* Only once the state of its connections is captured. */
static void
reset(struct firn_run *run)
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
read_everything(struct firn_run *run, struct firn_err *err)
{
	if (firn_run_write_case(run, err) < 0 ||
	    collect(run, STAGE_FLEETING, err) < 0)
		return -1;
	firn_run_mark(run, "volatile_ms");
	reset(run);
	if (collect(run, STAGE_STILL, err) < 0)
		return -1;
	firn_run_begin_checklist(run);
	return 0;
}

static void
describe(struct firn_run *run, const struct firn_sealed *sealed)
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
}

static int
seal(struct firn_run *run, struct firn_err *err)
{
	struct firn_sealed sealed;

	if (firn_run_write_containment(run, err) < 0 ||
	    firn_archive_seal(run->archive, &sealed, err) < 0)
		return -1;
	firn_run_mark(run, "sealed_ms");
	describe(run, &sealed);
	return 0;
}

/* A full disk latches the archive, and seal() then keeps what there is; any
 * other failure of reading ends the capture. */
static int
finish(struct firn_run *run, int done, struct firn_err *err)
{
	struct firn_err undo = { 0 };

	firn_run_watch_end(run);
	if (put_back(run, &undo) < 0) {
		if (run->archive == NULL)
			return firn_err_in(err, "%s; and before that",
					   undo.text);
		firn_archive_gap(run->archive, "thaw", "the target", &undo);
	}
	if (run->archive == NULL)
		return -1;
	if (done == 0)
		done = firn_run_write_checklist(run, err);
	firn_run_keep_checklist(run);
	if (done == 0)
		done = collect(run, STAGE_AFTERWARDS, err);
	if (done == 0)
		done = firn_run_write_attempts(run, err);
	if (done == 0)
		done = firn_run_write_exposure(run, err);
	if (done < 0 && err->code != ENOSPC && err->code != EDQUOT)
		return -1;
	return seal(run, err);
}

static int
create(struct firn_run *run, struct firn_err *err)
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
	firn_archive_tap(run->archive, &run->facts.tap);
	firn_archive_frozen(run->archive, firn_is_frozen(run->target));
	firn_run_watch_members(run);
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
	struct firn_run run = {
		.target = target,
		.ledger = ledger,
		.how = how,
		.result = result,
		.times = times,
		.start_ns = firn_monotonic_ns(),
	};
	int done;

	firn_run_give_leave(&run);
	firn_json_text(result, "case", how->of->id);
	json_object_set(result, "times", times);
	if (how->path != NULL && firn_archive_probe(how->path, err) < 0)
		return -1;
	done = firn_run_contain(&run, err);
	if (done == 0)
		done = firn_run_watch(&run, err);
	if (done == 0 && how->contained != NULL)
		how->contained(result, how->contained_arg);
	if (done == 0)
		done = firn_facts_open(&run.facts, err);
	if (done == 0)
		done = create(&run, err);
	if (done == 0)
		done = read_everything(&run, err);
	done = finish(&run, done, err);
	firn_archive_close(&run.archive);
	firn_facts_close(&run.facts);
	json_decref(run.seen);
	firn_run_end_checklist(&run);
	if (done == 0)
		*ret = firn_steal(result);
	return done;
}
