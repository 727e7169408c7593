#include "respond/cases/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/audit.h"
#include "respond/cases/turn.h"
#include "respond/playbook/written.h"

struct firn_work
firn_work_init(const struct firn_runner *runner)
{
	return (struct firn_work){
		.runner = runner,
		.diary = FIRN_DIARY,
		.slots = { -1, -1 },
	};
}

void
firn_work_close(struct firn_work *work)
{
	firn_ledger_close(&work->ledger);
	firn_diary_close(&work->diary);
	for (size_t i = 0; i < FIRN_PLAYBOOK_STEPS; i++)
		json_decref(work->steps[i].result);
	for (size_t i = 0; i < 2; i++)
		if (work->slots[i] >= 0)
			close(work->slots[i]);
	json_decref(work->capture);
	json_decref(work->lines);
	free(work->archive);
	*work = firn_work_init(work->runner);
}

/* --- lines ---------------------------------------------------------------- */

int
firn_work_note(struct firn_work *work, const char *event, json_t *line,
	       struct firn_err *err)
{
	autojson json_t *owned = line != NULL ? line : json_object();
	int done = firn_diary_add(&work->diary, event, owned, err);

	if (work->runner->told != NULL) {
		firn_json_text(owned, "event", event);
		firn_json_text(owned, "case", work->diary.id);
		work->runner->told(owned, work->runner->arg);
	}
	return done;
}

static json_t *
step_line(const struct firn_work *work, size_t n, const char *state)
{
	const struct firn_step *step = &work->playbook->steps[n];

	return json_pack("{s:I, s:s, s:s}", "n", (json_int_t)n + 1, "kind",
			 firn_step_name(step->kind), "state", state);
}

static int
settle(struct firn_work *work, size_t n, enum firn_settled settled,
       const char *state, json_t *result, const char *why, struct firn_err *err)
{
	json_t *line = step_line(work, n, state);

	work->steps[n].settled = settled;
	if (result != NULL) {
		json_decref(work->steps[n].result);
		work->steps[n].result = result;
		json_object_set(line, "result", result);
	}
	firn_json_text(line, "why", why);
	return firn_work_note(work, "step", line, err);
}

int
firn_step_begin(struct firn_work *work, size_t n, struct firn_err *err)
{
	return firn_work_note(work, "step", step_line(work, n, "begun"), err);
}

int
firn_step_done(struct firn_work *work, size_t n, json_t *result,
	       struct firn_err *err)
{
	return settle(work, n, FIRN_STEP_DONE, "done", result, NULL, err);
}

/* A yes that limits.approve asks for, and nobody gives, keeps back what it was
 * asked for, and not the evidence. */
bool
firn_step_stops(const struct firn_step *step)
{
	bool implied = step->kind == FIRN_STEP_WAIT && step->line == 0;

	return step->stop_on_error && !implied;
}

int
firn_step_failed(struct firn_work *work, size_t n, json_t *result,
		 const struct firn_err *why, struct firn_err *err)
{
	if (firn_step_stops(&work->playbook->steps[n]))
		work->stopped = true;
	return settle(work, n, FIRN_STEP_FAILED, "failed", result, why->text,
		      err);
}

/* --- what stands in the way of a step ------------------------------------- */

static bool
is_settled(const struct firn_work *work, size_t n)
{
	return work->steps[n].settled >= FIRN_STEP_DONE;
}

static bool
is_act(const struct firn_step *step)
{
	return step->kind == FIRN_STEP_FREEZE ||
	       step->kind == FIRN_STEP_ISOLATE ||
	       step->kind == FIRN_STEP_CAPTURE;
}

static bool
ends_it(const struct firn_step *step)
{
	return step->kind == FIRN_STEP_THEN &&
	       (step->ending == FIRN_THEN_STOP ||
		step->ending == FIRN_THEN_KILL);
}

/* Acts that nothing else stands between are one: DESIGN.md's order, not the
 * playbook's. */
static size_t
end_of_acts(const struct firn_playbook *playbook, size_t n)
{
	while (n < playbook->n_steps &&
	       (is_act(&playbook->steps[n]) ||
		playbook->steps[n].kind == FIRN_STEP_SECRETS ||
		playbook->steps[n].kind == FIRN_STEP_EXPOSURE ||
		playbook->steps[n].kind == FIRN_STEP_SEAL))
		n++;
	return n;
}

static int
skip(struct firn_work *work, size_t n, struct firn_err *err)
{
	const char *why = work->stopped
				  ? "a step before it failed, and the playbook "
				    "stops there"
				  : "nobody approved of it";

	return settle(work, n, FIRN_STEP_SKIPPED, "skipped", NULL, why, err);
}

static bool
is_to_be_skipped(const struct firn_work *work, size_t n)
{
	const struct firn_step *step = &work->playbook->steps[n];

	if (step->kind == FIRN_STEP_THEN)
		return ends_it(step) && (work->stopped || work->withheld);
	return work->stopped || (work->withheld &&
				 (is_act(step) || step->kind == FIRN_STEP_RUN ||
				  (step->kind == FIRN_STEP_SEND &&
				   work->playbook->limits.approve == 2)));
}

/* --- one after the other -------------------------------------------------- */

/* 1: it may be done; 0: it is waited for; -1: it failed, or the diary did;
 * is_settled() tells. */
static int
get_leave(struct firn_work *work, size_t n, struct firn_err *err)
{
	const struct firn_step *step = &work->playbook->steps[n];
	struct firn_err why = { 0 };
	int given;

	if (firn_work_may(work, step))
		return 1;
	given = firn_work_await(work, n, firn_step_role(step), &why);
	if (given >= 0)
		return given;
	return firn_step_failed(work, n, NULL, &why, err) < 0 ? -1 : 1;
}

/* Acts first, as far as they may be done; those that need a second person's
 * yes after the rest of the group. */
static int
do_acts(struct firn_work *work, size_t first, size_t end, struct firn_err *err)
{
	if (firn_work_contain(work, first, end, err) < 0)
		return -1;
	for (size_t n = first; n < end; n++) {
		if (is_settled(work, n) || is_act(&work->playbook->steps[n]))
			continue;
		if ((work->stopped ? skip(work, n, err)
				   : firn_work_step(work, n, err)) < 0)
			return -1;
	}
	for (size_t n = first; n < end; n++) {
		int given;

		if (is_settled(work, n))
			continue;
		if (is_to_be_skipped(work, n)) {
			if (skip(work, n, err) < 0)
				return -1;
			continue;
		}
		given = get_leave(work, n, err);
		if (given <= 0)
			return given;
		if (firn_work_contain(work, n, end, err) < 0)
			return -1;
	}
	return 1;
}

static int
do_step(struct firn_work *work, size_t n, struct firn_err *err)
{
	int given;

	if (is_to_be_skipped(work, n))
		return skip(work, n, err) < 0 ? -1 : 1;
	if (work->playbook->steps[n].kind == FIRN_STEP_WAIT)
		given = firn_work_step(work, n, err);
	else
		given = get_leave(work, n, err);
	if (given <= 0 || is_settled(work, n))
		return given;
	return firn_work_step(work, n, err) < 0 ? -1 : 1;
}

static int
do_steps(struct firn_work *work, struct firn_err *err)
{
	const struct firn_playbook *playbook = work->playbook;

	for (size_t n = 0; n < playbook->n_steps; n++) {
		size_t end = end_of_acts(playbook, n);
		int done = 1;

		if (end > n) {
			done = do_acts(work, n, end, err);
			n = end - 1;
		} else if (!is_settled(work, n)) {
			done = do_step(work, n, err);
		}
		if (done <= 0)
			return done;
	}
	return 1;
}

/* --- its end -------------------------------------------------------------- */

/* The first step that wasn't done as it should be. */
static const char *
first_failure(const struct firn_work *work, char ret[96])
{
	for (size_t n = 0; n < work->playbook->n_steps; n++) {
		if (work->steps[n].settled == FIRN_STEP_DONE)
			continue;
		snprintf(ret, 96, "step %zu (%s) %s", n + 1,
			 firn_step_name(work->playbook->steps[n].kind),
			 work->steps[n].settled == FIRN_STEP_SKIPPED
				 ? "was skipped"
				 : "failed");
		return ret;
	}
	return NULL;
}

static int
finish(struct firn_work *work, const char *state, const char *why,
       struct firn_err *err)
{
	json_t *line = json_pack("{s:s}", "state", state);
	struct firn_err lost = { 0 };

	firn_json_text(line, "why", why);
	firn_json_text(line, "archive", work->archive);
	if (firn_work_note(work, "finished", line, err) < 0)
		return -1;
	if (firn_diary_sync(&work->diary, &lost) < 0 ||
	    firn_audit_sync(&lost) < 0)
		return firn_work_note(work, "trouble",
				      json_pack("{s:s}", "text", lost.text),
				      err);
	return 0;
}

static int
carry_out(struct firn_work *work, struct firn_err *err)
{
	char text[96];
	const char *failure;
	int done = do_steps(work, err);

	if (done <= 0)
		return done;
	failure = first_failure(work, text);
	firn_work_tell(work, failure == NULL ? "done" : "failed");
	if (finish(work, failure == NULL ? "done" : "failed", failure, err) < 0)
		return -1;
	return 1;
}

int
firn_work_do(struct firn_work *work, struct firn_err *err)
{
	const char *id = firn_json_string(work->opened, "target", "id", NULL);
	struct firn_decision may;
	int done = 1;

	if (firn_case_open(&work->of, work->diary.id, id, err) < 0)
		return -1;
	snprintf(work->operator_name, sizeof(work->operator_name), "%s%s",
		 work->who->is_source ? "alert of " : "",
		 work->who->name != NULL ? work->who->name : "nobody");
	work->authority = (struct firn_authority){
		.operator_name = work->operator_name,
		.case_id = work->diary.id,
	};
	if (firn_work_ask(work, &may, err) < 0)
		return -1;
	if (may.verdict == FIRN_ALLOWED)
		done = carry_out(work, err);
	else if (finish(work,
			may.verdict == FIRN_DENIED ? "refused" : "dry run",
			may.why, err) < 0)
		return -1;
	if (done > 0 && id != NULL)
		firn_turn_end(id, work->diary.id, may.verdict == FIRN_ALLOWED);
	return done;
}

int
firn_work_ledger(struct firn_work *work, struct firn_err *err)
{
	const char *id = firn_json_string(work->opened, "target", "id", NULL);

	if (work->ledger != NULL)
		return 0;
	return firn_ledger_open(&work->ledger, id != NULL ? id : "",
				&work->authority, err);
}

int
firn_work_gone(const struct firn_work *work, struct firn_err *err)
{
	const char *name =
		firn_json_string(work->opened, "target", "name", NULL);

	return firn_err_set(err, ESRCH,
			    "the container%s%s is gone: it has exited, was "
			    "replaced, or the node was started again",
			    name != NULL ? " " : "", name != NULL ? name : "");
}
