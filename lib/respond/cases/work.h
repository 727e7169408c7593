#ifndef RESPOND_CASES_WORK_H
#define RESPOND_CASES_WORK_H

/*
 * work -- a case that is worked by this process: a playbook, carried out on a
 * container, with a diary of it.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/capture.h"
#include "firn/cases.h"
#include "firn/permit.h"
#include "respond/cases/diary.h"

enum firn_settled {
	FIRN_STEP_OPEN,
	FIRN_STEP_BEGUN, /* by a process that is gone: it may have been done */
	FIRN_STEP_DONE,
	FIRN_STEP_FAILED,
	FIRN_STEP_SKIPPED,
};

struct firn_step_state {
	enum firn_settled settled;
	json_t *result; /* or NULL */
};

/* What is borrowed outlives it. */
struct firn_work {
	const struct firn_runner *runner;     /* borrowed */
	struct firn_target *target;           /* borrowed; NULL: it is gone */
	const struct firn_playbook *playbook; /* borrowed */
	const struct firn_party *who;         /* borrowed */
	const json_t *opened;                 /* borrowed: the first line */
	bool waits_itself; /* for an approval, instead of ending */
	struct firn_diary diary;

	struct firn_case of;
	struct firn_authority authority;
	char operator_name[128];
	struct firn_ledger *ledger; /* NULL until something is changed */

	struct firn_step_state steps[FIRN_PLAYBOOK_STEPS];
	unsigned allowed;    /* roles that were permitted */
	unsigned to_approve; /* roles that a second person has to allow */
	const json_t *waits; /* the line of what is waited for, or NULL */
	json_t *lines;       /* of the diary, as it was taken up; or NULL */

	char *archive;   /* sealed; or NULL */
	json_t *capture; /* the result of it, in short */
	bool contained, told_started;
	int slots[2];  /* turns to capture; -1 */
	bool stopped;  /* a step failed, and the playbook stops there */
	bool withheld; /* nobody approved: no further change is made */
};

/* firn_work_init(runner) -- an empty one. */
struct firn_work firn_work_init(const struct firn_runner *runner);
void firn_work_close(struct firn_work *work);

/*
 * firn_work_do(work, err) -- carry it out, from where it is.
 *
 * Returns 1 when the case is finished, 0 when it waits for an approval, -1 when
 * its diary can't be written: nothing is done then that isn't written down.
 */
FIRN_MUST_CHECK int firn_work_do(struct firn_work *work, struct firn_err *err);

/* firn_work_note(work, event, line, err) -- a line of the diary; `line` is
 * taken over, and may be NULL. */
FIRN_MUST_CHECK int firn_work_note(struct firn_work *work, const char *event,
				   json_t *line, struct firn_err *err);

/* How a step goes: each is a line.  `n` counts from 0; `result` is taken over,
 * and may be NULL. */
FIRN_MUST_CHECK int firn_step_begin(struct firn_work *work, size_t n,
				    struct firn_err *err);
FIRN_MUST_CHECK int firn_step_done(struct firn_work *work, size_t n,
				   json_t *result, struct firn_err *err);
FIRN_MUST_CHECK int firn_step_failed(struct firn_work *work, size_t n,
				     json_t *result, const struct firn_err *why,
				     struct firn_err *err);

/* firn_step_stops(step) -- is nothing done after it, if it fails? */
bool firn_step_stops(const struct firn_step *step);

/* firn_step_role(step) -- what it needs of the policy; 0 for nothing. */
unsigned firn_step_role(const struct firn_step *step);

/* --- permits: work_permits.c --------------------------------------------- */

/*
 * firn_work_ask(work, ret, err) -- may the playbook be carried out?
 *
 * Each role that it needs, in the order of its steps, if it wasn't asked for
 * yet.  `ret->verdict` is FIRN_ALLOWED also where a second person has to agree
 * to a part of it.
 */
FIRN_MUST_CHECK int firn_work_ask(struct firn_work *work,
				  struct firn_decision *ret,
				  struct firn_err *err);

/* firn_playbook_cuts_pod(playbook) -- does it cut others than its target? */
bool firn_playbook_cuts_pod(const struct firn_playbook *playbook);

/*
 * firn_pod_permitted(permit, target, ret, err) -- may those be cut off, who
 * share the target's network?  work_pod.c.
 *
 * Allowed if each of them may be.  Else `*ret` is the gravest that was said,
 * and of whom; those that need a second person's yes have all been asked for.
 */
FIRN_MUST_CHECK int firn_pod_permitted(const struct firn_permit *permit,
				       struct firn_target *target,
				       struct firn_decision *ret,
				       struct firn_err *err);

/* firn_pod_would() -- what the answer would be: nothing is written. */
FIRN_MUST_CHECK int firn_pod_would(const struct firn_permit *permit,
				   struct firn_target *target,
				   struct firn_decision *ret,
				   struct firn_err *err);

/* firn_work_foretell(runner, target, playbook, who, ret, err) -- what the
 * answers would be now; nothing is recorded.  `*ret` is "roles" of
 * firn_respond_plan(). */
FIRN_MUST_CHECK int firn_work_foretell(const struct firn_runner *runner,
				       struct firn_target *target,
				       const struct firn_playbook *playbook,
				       const struct firn_party *who,
				       json_t **ret, struct firn_err *err);

/* firn_work_may(work, step) -- has all that it needs been permitted? */
bool firn_work_may(const struct firn_work *work, const struct firn_step *step);

/*
 * firn_work_await(work, n, role, err) -- a second person's yes, before step
 * `n`.
 *
 * Returns 1 when it was given, 0 when it is still waited for, -1 when it was
 * refused, came too late, or can't be asked for.
 */
FIRN_MUST_CHECK int firn_work_await(struct firn_work *work, size_t n,
				    enum firn_role role, struct firn_err *err);

/* --- steps ---------------------------------------------------------------- */

/* firn_work_contain(work, first, end, err) -- what of these steps freezes, cuts
 * and captures, and may be done now, as one: work_contain.c. */
FIRN_MUST_CHECK int firn_work_contain(struct firn_work *work, size_t first,
				      size_t end, struct firn_err *err);

/* firn_work_step(work, n, err) -- one of the others: work_steps.c. */
FIRN_MUST_CHECK int firn_work_step(struct firn_work *work, size_t n,
				   struct firn_err *err);

/* firn_work_leave(work, ending, ret, err) -- how the container is left:
 * work_ending.c.  -1: it isn't left so, and `err` says why. */
FIRN_MUST_CHECK int firn_work_leave(struct firn_work *work,
				    enum firn_ending ending, json_t **ret,
				    struct firn_err *err);

/* firn_work_kill(work, at_once, ret, err) -- end it: SIGTERM, ten seconds, and
 * SIGKILL; work_kill.c. */
FIRN_MUST_CHECK int firn_work_kill(struct firn_work *work, bool at_once,
				   json_t **ret, struct firn_err *err);

/* firn_work_ledger(work, err) -- open the ledger, if it isn't. */
FIRN_MUST_CHECK int firn_work_ledger(struct firn_work *work,
				     struct firn_err *err);

/* firn_work_gone(work, err) -- ESRCH, with what is known.  Returns -1. */
int firn_work_gone(const struct firn_work *work, struct firn_err *err);

/* firn_work_tell(work, event) -- to those who want to be told of it: "started",
 * "contained", "sealed", "waiting", "done", "failed"; work_tell.c.  What can't
 * be put in the outbox is a line of the diary. */
void firn_work_tell(struct firn_work *work, const char *event);

/* firn_work_tell_all(work, id, body, ret, err) -- put a message into the outbox
 * for everybody who is told of this case; `*ret` is {"messages": ids}. */
FIRN_MUST_CHECK int firn_work_tell_all(struct firn_work *work, const char *id,
				       const json_t *body, json_t **ret,
				       struct firn_err *err);

/* firn_work_message(work, event, text) -- what they are told: a new object. */
json_t *firn_work_message(const struct firn_work *work, const char *event,
			  const char *text);

#endif
