#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/approval.h"
#include "respond/cases/approvals.h"
#include "respond/cases/work.h"

/*
 * work_permits -- what the policy says to a case, and what a second person
 * does.
 */

#define LOOK_AGAIN_US 200000

unsigned
firn_step_role(const struct firn_step *step)
{
	switch (step->kind) {
	case FIRN_STEP_FREEZE:
		return step->leave_running ? 0 : FIRN_ROLE_FREEZE;
	case FIRN_STEP_ISOLATE:
		return step->cut_nothing ? 0 : FIRN_ROLE_ISOLATE;
	case FIRN_STEP_CAPTURE:
		return FIRN_ROLE_CAPTURE;
	case FIRN_STEP_SECRETS:
	case FIRN_STEP_EXPOSURE:
		return FIRN_ROLE_LOOK;
	case FIRN_STEP_THEN:
		return step->ending == FIRN_THEN_STOP ||
				       step->ending == FIRN_THEN_KILL
			       ? FIRN_ROLE_KILL
			       : 0;
	case FIRN_STEP_SEAL:
	case FIRN_STEP_WAIT:
	case FIRN_STEP_SEND:
	case FIRN_STEP_NOTIFY:
	case FIRN_STEP_RUN:
		return 0;
	}
	return 0;
}

bool
firn_work_may(const struct firn_work *work, const struct firn_step *step)
{
	return (firn_step_role(step) & ~work->allowed) == 0;
}

/* A cut of the whole pod is the others' matter, too: until they may be cut,
 * it is only asked whether that is all that is missing. */
static int
ask_as(const struct firn_permit *permit, struct firn_work *work,
       enum firn_role role, struct firn_decision *ret, struct firn_err *err)
{
	struct firn_decision others = { .verdict = FIRN_ALLOWED };
	struct firn_traits traits;

	if (role == FIRN_ROLE_ISOLATE &&
	    firn_playbook_cuts_pod(work->playbook) &&
	    firn_pod_permitted(permit, work->target, &others, err) < 0)
		return -1;
	if (others.verdict == FIRN_NEEDS_APPROVAL) {
		firn_target_traits(work->target, &traits);
		if (firn_would_permit(permit, role, &traits, ret, err) < 0)
			return -1;
		if (ret->verdict != FIRN_ALLOWED &&
		    ret->verdict != FIRN_NEEDS_APPROVAL)
			others.verdict = FIRN_ALLOWED;
	}
	if (others.verdict == FIRN_ALLOWED)
		return firn_permitted(permit, role, work->target, ret, err);
	*ret = others;
	return 0;
}

static int
ask(struct firn_work *work, enum firn_role role, struct firn_decision *ret,
    struct firn_err *err)
{
	char command[160];
	const struct firn_permit permit = {
		.policy = work->runner->policy,
		.host = work->runner->host,
		.who = work->who,
		.command = command,
		.case_id = work->diary.id,
		.alert = firn_json_string(work->opened, "letter", NULL),
	};

	snprintf(command, sizeof(command), "playbook %s", work->playbook->name);
	return ask_as(&permit, work, role, ret, err);
}

static int
note(struct firn_work *work, enum firn_role role,
     const struct firn_decision *decision, struct firn_err *err)
{
	json_t *line =
		json_pack("{s:s, s:s}", "role", firn_role_name(role), "verdict",
			  firn_verdict_name(decision->verdict));

	firn_json_text(line, "why", decision->why);
	firn_json_text(line, "rule", decision->rule);
	return firn_work_note(work, "permit", line, err);
}

/* One role, if it wasn't asked for yet; `*ret` is left alone unless that is
 * the end. */
static int
ask_role(struct firn_work *work, unsigned role, struct firn_decision *ret,
	 struct firn_err *err)
{
	struct firn_decision said = { 0 };

	if (role == 0 || ((work->allowed | work->to_approve) & role) != 0)
		return 0;
	if (ask(work, (enum firn_role)role, &said, err) < 0 ||
	    note(work, (enum firn_role)role, &said, err) < 0)
		return -1;
	if (said.verdict == FIRN_ALLOWED)
		work->allowed |= role;
	else if (said.verdict == FIRN_NEEDS_APPROVAL)
		work->to_approve |= role;
	else
		*ret = said;
	return 0;
}

/* To look is allowed in a dry run, too; but the playbook may run something. */
static bool
runs_dry(const struct firn_work *work)
{
	const struct firn_source *source =
		work->who->is_source ? firn_policy_source(work->runner->policy,
							  work->who->name)
				     : NULL;

	return source != NULL && source->dry_run;
}

int
firn_work_ask(struct firn_work *work, struct firn_decision *ret,
	      struct firn_err *err)
{
	const struct firn_playbook *playbook = work->playbook;
	unsigned left = firn_playbook_roles(playbook);
	bool begins = (work->allowed | work->to_approve) == 0;

	*ret = (struct firn_decision){ .verdict = FIRN_ALLOWED };
	if (work->target == NULL)
		return 0; /* nothing can be done to it any more */
	for (size_t n = 0; n < playbook->n_steps; n++) {
		unsigned role = firn_step_role(&playbook->steps[n]);

		left &= ~role;
		if (ret->verdict != FIRN_DENIED &&
		    ask_role(work, role, ret, err) < 0)
			return -1;
	}
	for (unsigned role = 1; role < 1u << FIRN_N_ROLES; role <<= 1)
		if (ret->verdict != FIRN_DENIED &&
		    ask_role(work, left & role, ret, err) < 0)
			return -1;
	if (begins && ret->verdict == FIRN_ALLOWED && runs_dry(work)) {
		ret->verdict = FIRN_ONLY_RECORDED;
		snprintf(ret->why, sizeof(ret->why),
			 "alerts of %s run dry: it is only recorded",
			 work->who->name);
	}
	return 0;
}

/* --- a second person ------------------------------------------------------ */

static bool
is_of(const json_t *waits, size_t n, enum firn_role role)
{
	const char *name = firn_json_string(waits, "role", NULL);

	return name != NULL && strcmp(name, firn_role_name(role)) == 0 &&
	       json_integer_value(json_object_get(waits, "n")) ==
		       (json_int_t)n + 1;
}

static unsigned
timeout_of(const struct firn_work *work, size_t n)
{
	const struct firn_step *step = &work->playbook->steps[n];

	return step->kind == FIRN_STEP_WAIT && step->timeout_s > 0
		       ? step->timeout_s
		       : FIRN_APPROVAL_S;
}

/* Ask for it; the line is kept in `work->lines`. */
static int
begin(struct firn_work *work, size_t n, enum firn_role role,
      struct firn_err *err)
{
	const char *text = work->playbook->steps[n].text;
	bool others = role == FIRN_ROLE_ISOLATE &&
		      firn_playbook_cuts_pod(work->playbook);
	char id[FIRN_APPROVAL_ID];
	struct firn_traits traits;
	json_t *line;

	firn_target_traits(work->target, &traits);
	if (firn_approval_ask(work->who, role, &traits, work->diary.id, id,
			      err) < 0)
		return -1;
	line = json_pack("{s:I, s:s, s:s, s:I}", "n", (json_int_t)n + 1, "role",
			 firn_role_name(role), "approval", id, "until",
			 (json_int_t)firn_now().tv_sec + timeout_of(work, n));
	firn_json_text(line, "text",
		       text == NULL && others
			       ? "it cuts the whole pod: the other requests of "
				 "this case first (firn approve)"
			       : text);
	if (work->lines == NULL)
		work->lines = json_array();
	json_array_append(work->lines, line);
	work->waits = line;
	if (firn_work_note(work, "waits", line, err) < 0)
		return -1;
	firn_work_tell(work, "waiting");
	return 0;
}

/* It was given: it is used up, so that it is good for this alone. */
static int
use(struct firn_work *work, size_t n, enum firn_role role,
    const json_t *approval, struct firn_err *err)
{
	json_t *line = json_pack("{s:I, s:s}", "n", (json_int_t)n + 1, "role",
				 firn_role_name(role));
	struct firn_decision said = { 0 };
	struct firn_traits traits;
	bool given = false;

	json_object_set(line, "by", json_object_get(approval, "by"));
	json_object_set(line, "note", json_object_get(approval, "note"));
	if ((work->to_approve & (unsigned)role) != 0) {
		if (ask(work, role, &said, err) < 0) {
			json_decref(line);
			return -1;
		}
		given = said.verdict == FIRN_ALLOWED;
	} else {
		firn_target_traits(work->target, &traits);
		if (firn_approval_use(work->who, role, &traits, &given, err) <
		    0) {
			json_decref(line);
			return -1;
		}
	}
	if (!given) {
		json_decref(line);
		return firn_err_set(err, EPERM, "it was approved of, but %s",
				    said.why[0] != '\0'
					    ? said.why
					    : "for something else by now");
	}
	work->allowed |= work->to_approve & (unsigned)role;
	work->to_approve &= ~(unsigned)role;
	return firn_work_note(work, "approved", line, err) < 0 ? -1 : 1;
}

static int
judge(struct firn_work *work, size_t n, enum firn_role role,
      struct firn_err *err)
{
	autojson json_t *approval = NULL;
	const char *state;

	if (firn_approval_of(firn_json_string(work->waits, "approval", NULL),
			     &approval, err) < 0)
		return -1;
	state = firn_json_string(approval, "state", NULL);
	if (firn_approval_is_open(work->waits, approval))
		return 0;
	if (state != NULL && strcmp(state, "approved") == 0)
		return use(work, n, role, approval, err);
	if (state != NULL && strcmp(state, "refused") == 0)
		return firn_err_set(err, EPERM, "%s refused it",
				    firn_json_string(approval, "by", "name",
						     NULL) != NULL
					    ? firn_json_string(approval, "by",
							       "name", NULL)
					    : "the second person");
	return firn_err_set(err, ETIMEDOUT,
			    "nobody approved of it in time: firn approve");
}

int
firn_work_await(struct firn_work *work, size_t n, enum firn_role role,
		struct firn_err *err)
{
	int given;

	if (work->target == NULL)
		return firn_work_gone(work, err);
	if (!is_of(work->waits, n, role) && begin(work, n, role, err) < 0)
		return -1;
	for (;;) {
		given = judge(work, n, role, err);
		if (given != 0 || !work->waits_itself)
			return given;
		usleep(LOOK_AGAIN_US);
	}
}
