#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "firn/audit.h"
#include "firn/outbox.h"
#include "respond/cases/archive_path.h"
#include "respond/cases/contain_result.h"
#include "respond/cases/slots.h"
#include "respond/cases/work.h"

/*
 * work_contain -- the steps that freeze, cut and capture, as one act in the
 * order of DESIGN.md, section 6.
 */

/* What of it is to be done; NULL for what isn't. */
struct parts {
	const struct firn_step *freeze, *isolate, *capture;
};

/* While it is done. */
struct acting {
	struct firn_work *work;
	struct parts parts;
	size_t first, end;
	struct firn_key *key;
	const char *path;
	json_t *said;   /* what came of it so far */
	bool contained; /* by this */
	struct firn_err why_isolate, why_capture;
};

static bool
is_open(const struct firn_work *work, size_t n)
{
	return work->steps[n].settled < FIRN_STEP_DONE &&
	       firn_work_may(work, &work->playbook->steps[n]);
}

static const struct firn_step **
part_of(struct parts *parts, const struct firn_step *step)
{
	if (step->kind == FIRN_STEP_FREEZE)
		return &parts->freeze;
	if (step->kind == FIRN_STEP_ISOLATE)
		return &parts->isolate;
	return step->kind == FIRN_STEP_CAPTURE ? &parts->capture : NULL;
}

/* --- once it stands still ------------------------------------------------- */

static void
trouble(struct firn_work *work, const struct firn_err *err)
{
	struct firn_err lost = { 0 };

	if (firn_work_note(work, "trouble",
			   json_pack("{s:s}", "text", err->text), &lost) < 0)
		return; /* the next line that can't be written ends the case */
}

/* Turns to capture: those of the playbook, then those of the node; in the same
 * order by everybody. */
static void
take_slots(struct firn_work *work)
{
	const struct firn_keeping *keeping =
		firn_policy_keeping(work->runner->policy);
	char name[200];
	struct firn_err why = { 0 };

	snprintf(name, sizeof(name), "playbook-%.12s", work->playbook->sha256);
	if ((work->slots[0] < 0 &&
	     firn_slot_take(name, work->playbook->limits.max_running,
			    &work->slots[0], &why) < 0) ||
	    (work->slots[1] < 0 &&
	     firn_slot_take("capture", keeping->max_running, &work->slots[1],
			    &why) < 0))
		trouble(work, &why);
}

static void
give_slots(struct firn_work *work)
{
	for (size_t i = 0; i < 2; i++) {
		if (work->slots[i] >= 0)
			close(work->slots[i]);
		work->slots[i] = -1;
	}
}

static void
contained(const json_t *so_far, void *arg)
{
	struct acting *acting = arg;
	struct firn_work *work = acting->work;
	struct firn_err why = { 0 };
	json_t *line = json_object();

	acting->contained = true;
	json_decref(acting->said);
	acting->said = json_deep_copy(so_far);
	json_object_set_new(line, "cut",
			    json_boolean(acting->parts.isolate != NULL));
	json_object_set(line, "frozen",
			firn_json_at(so_far, "freeze", "state", NULL));
	json_object_set(line, "times", json_object_get(so_far, "times"));
	if (firn_work_note(work, "contained", line, &why) < 0 ||
	    firn_diary_sync(&work->diary, &why) < 0 ||
	    firn_audit_sync(&why) < 0)
		trouble(work, &why);
	firn_work_tell(work, "started");
	if (acting->parts.freeze != NULL || acting->parts.isolate != NULL) {
		work->contained = true;
		firn_work_tell(work, "contained");
	}
	if (firn_outbox_sync(&why) < 0)
		trouble(work, &why);
	if (acting->parts.capture != NULL)
		take_slots(work);
}

static void
alarmed(const char *text, void *arg)
{
	struct acting *acting = arg;
	struct firn_err why = { 0 };

	if (firn_work_note(acting->work, "alarm",
			   json_pack("{s:s}", "text", text), &why) < 0)
		trouble(acting->work, &why);
}

/* --- the act -------------------------------------------------------------- */

/* Without a freeze of its own, a capture thaws what it froze. */
static bool
is_to_stay(const struct firn_work *work)
{
	const struct firn_playbook *playbook = work->playbook;

	for (size_t n = 0; n < playbook->n_steps; n++)
		if (playbook->steps[n].kind == FIRN_STEP_FREEZE &&
		    !playbook->steps[n].leave_running &&
		    firn_work_may(work, &playbook->steps[n]))
			return true;
	/* The last step says how it is left; what nobody has allowed yet is no
	 * reason to let it stand. */
	switch (playbook->steps[playbook->n_steps - 1].ending) {
	case FIRN_THEN_THAW:
		return false;
	case FIRN_THEN_KEEP_FROZEN:
		return (work->allowed & FIRN_ROLE_FREEZE) != 0;
	case FIRN_THEN_STOP:
	case FIRN_THEN_KILL:
		return (work->allowed & FIRN_ROLE_KILL) != 0;
	}
	return false;
}

static int
attempt(struct acting *acting, const struct parts *parts, json_t **ret,
	struct firn_err *err)
{
	struct firn_work *work = acting->work;
	const struct firn_step *capture = parts->capture;
	struct firn_capture how = {
		.of = &work->of,
		.authority = &work->authority,
		.key = acting->key,
		.path = acting->path,
		.fd = -1,
		.leave_running = parts->freeze != NULL
					 ? parts->freeze->leave_running
					 : capture == NULL,
		.keep_frozen = is_to_stay(work),
		.isolate = parts->isolate != NULL,
		.freezing = {
			.timeout_ms = FIRN_FREEZE_TIMEOUT_MS,
			.max_s = work->playbook->limits.max_freeze_s,
			.hold = parts->freeze != NULL && parts->freeze->hold,
		},
		.alarm = alarmed,
		.alarm_arg = acting,
		.contained = contained,
		.contained_arg = acting,
	};

	if (parts->isolate != NULL)
		how.isolation = parts->isolate->isolation;
	if (capture != NULL && capture->words.n > 0) {
		how.only = (const char *const *)capture->words.items;
		how.n_only = capture->words.n;
	}
	if (capture != NULL && capture->volumes.n > 0) {
		how.what.volumes = (const char *const *)capture->volumes.items;
		how.what.n_volumes = capture->volumes.n;
	}
	if (capture != NULL)
		return firn_capture(work->target, work->ledger, &how, ret, err);
	if (firn_contain(work->target, work->ledger, &how, ret, err) < 0)
		return -1;
	contained(*ret, acting);
	return 0;
}

/*
 * All of it; and if that fails before the container stands still, as much of
 * it as can be done: a cut that can't be made is no reason not to capture, and
 * a full disk none not to freeze.
 */
static int
act(struct acting *acting, struct firn_err *err)
{
	const struct parts all = acting->parts;
	const struct parts less[] = {
		all,
		{ all.freeze, NULL, all.capture },
		{ all.freeze, all.isolate, NULL },
		{ all.freeze, NULL, NULL },
		{ NULL, all.isolate, NULL },
	};
	struct firn_err first = { 0 };

	for (size_t i = 0; i < sizeof(less) / sizeof(less[0]); i++) {
		const struct parts *parts = &less[i];
		struct firn_err why = { 0 };
		json_t *said = NULL;

		if ((i > 0 && memcmp(parts, &less[i - 1], sizeof(all)) == 0) ||
		    (parts->freeze == NULL && parts->isolate == NULL &&
		     parts->capture == NULL))
			continue;
		acting->parts = *parts;
		if (attempt(acting, parts, &said, &why) == 0) {
			json_decref(acting->said);
			acting->said = said;
			acting->why_isolate = first;
			acting->why_capture = first;
			return 0;
		}
		if (first.code == 0)
			first = why;
		if (acting->contained) {
			acting->parts.capture = NULL;
			acting->why_isolate = first;
			acting->why_capture = why;
			return 0;
		}
	}
	*err = first;
	return -1;
}

/* --- what came of it ------------------------------------------------------ */

static int
settle(struct acting *acting, size_t n, struct firn_err *err)
{
	struct firn_work *work = acting->work;
	const struct firn_step *step = &work->playbook->steps[n];
	json_t *result;

	if (*part_of(&acting->parts, step) == NULL)
		return firn_step_failed(work, n, NULL,
					step->kind == FIRN_STEP_CAPTURE
						? &acting->why_capture
						: &acting->why_isolate,
					err);
	result = firn_contain_result(acting->said, step->kind);
	if (step->kind == FIRN_STEP_CAPTURE) {
		json_t *left = firn_case_partial_archives(work->runner->policy,
							  work->diary.id);

		if (json_array_size(left) > 0)
			json_object_set(result, "begun_before", left);
		json_decref(left);
		json_decref(work->capture);
		work->capture = json_incref(result);
		free(work->archive);
		work->archive =
			strdup(firn_json_string(result, "archive", NULL));
		firn_work_tell(work, "sealed");
	}
	return firn_step_done(work, n, result, err);
}

/* {cut: none} */
static int
settle_nothing(struct firn_work *work, size_t first, size_t end,
	       struct firn_err *err)
{
	for (size_t n = first; n < end; n++) {
		const struct firn_step *step = &work->playbook->steps[n];

		if (step->kind == FIRN_STEP_ISOLATE && step->cut_nothing &&
		    is_open(work, n) &&
		    firn_step_done(work, n,
				   json_pack("{s:s}", "state", "nothing cut"),
				   err) < 0)
			return -1;
	}
	return 0;
}

/* -1: the diary can't be written. */
static int
carry_out(struct acting *acting, struct firn_err *err)
{
	struct firn_work *work = acting->work;
	struct firn_err why = { 0 };
	bool failed = firn_work_ledger(work, &why) < 0 || act(acting, &why) < 0;

	give_slots(work);
	for (size_t n = acting->first; n < acting->end; n++) {
		const struct firn_step *step = &work->playbook->steps[n];

		if (part_of(&acting->parts, step) == NULL || !is_open(work, n))
			continue;
		if ((failed ? firn_step_failed(work, n, NULL, &why, err)
			    : settle(acting, n, err)) < 0)
			return -1;
	}
	return 0;
}

/* Where it goes, and what signs it.  Without them there is still something to
 * freeze and to cut. */
static void
prepare_capture(struct acting *acting, char **ret_path)
{
	struct firn_work *work = acting->work;

	if (acting->parts.capture == NULL)
		return;
	if (firn_case_signer(work->runner->policy, work->playbook, &acting->key,
			     &acting->why_capture) < 0 ||
	    firn_case_archive_path(work->runner->policy, work->diary.id,
				   ret_path, &acting->why_capture) < 0) {
		acting->parts.capture = NULL;
		return;
	}
	acting->path = *ret_path;
	/* To stand still and wait is no service, where nobody asked for it. */
	if (acting->parts.freeze == NULL && acting->parts.isolate == NULL)
		take_slots(work);
}

/* A capture that was sealed as its process ended. */
static int
find_sealed(struct firn_work *work, size_t n, struct firn_err *err)
{
	autofree char *path = NULL;
	json_t *result;

	if (work->steps[n].settled != FIRN_STEP_BEGUN ||
	    !firn_case_sealed_archive(work->runner->policy, work->diary.id,
				      &path))
		return 0;
	work->archive = firn_steal(path);
	result = json_pack("{s:s, s:s}", "archive", work->archive, "why",
			   "sealed before the work was interrupted");
	work->capture = json_incref(result);
	firn_work_tell(work, "sealed");
	return firn_step_done(work, n, result, err);
}

int
firn_work_contain(struct firn_work *work, size_t first, size_t end,
		  struct firn_err *err)
{
	autofree char *path = NULL;
	struct acting acting = { .work = work, .first = first, .end = end };
	struct firn_err gone = { 0 };
	bool any = false;
	int done;

	if (work->stopped || work->withheld ||
	    settle_nothing(work, first, end, err) < 0)
		return work->stopped || work->withheld ? 0 : -1;
	for (size_t n = first; n < end; n++) {
		const struct firn_step *step = &work->playbook->steps[n];
		const struct firn_step **part = part_of(&acting.parts, step);

		if (part != NULL && step->kind == FIRN_STEP_CAPTURE &&
		    find_sealed(work, n, err) < 0)
			return -1;
		if (part == NULL || !is_open(work, n))
			continue;
		any = true;
		if (*part == NULL)
			*part = step;
		if (firn_step_begin(work, n, err) < 0)
			return -1;
		if (work->target == NULL) {
			firn_work_gone(work, &gone);
			if (firn_step_failed(work, n, NULL, &gone, err) < 0)
				return -1;
		}
	}
	if (!any || work->target == NULL)
		return 0;
	prepare_capture(&acting, &path);
	done = carry_out(&acting, err);
	firn_key_close(&acting.key);
	json_decref(acting.said);
	return done;
}
