#ifndef FIRN_PERMIT_H
#define FIRN_PERMIT_H

/*
 * permit -- may this be done now?  Asked before every change, on every path,
 * and the answer is in the audit log before it is given.
 *
 * None of these while the same process has the target's ledger open: where a
 * limit asks for it, they look who is stopped (firn_ledger_look()).
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/policy.h"
#include "firn/target.h"
#include "firn/traits.h"

struct firn_permit {
	const struct firn_policy *policy;
	const struct firn_host *host;
	const struct firn_party *who;
	const char *command; /* "isolate", "playbook crypto-miner" */
	const char *case_id; /* or NULL */
	const char *alert;   /* its name in the inbox, or NULL */

	/* It puts back what was done: thaw, release.  Limits and never-touch
	 * don't stand against it, and a party may always undo what it did last
	 * itself to this container, since the node was started. */
	bool undo;
	bool beyond; /* and what firn didn't do (thaw --force): to have done
		      * something oneself is no reason for that */
};

/*
 * firn_permitted(permit, role, target, ret, err) -- count, decide, record.
 *
 * An approval that was given for exactly this (who, role, target) and is still
 * good is used up, and the answer is FIRN_ALLOWED.  FIRN_NEEDS_APPROVAL has
 * made a request, and `ret->why` names it and the command that approves it.  A
 * decision to let somebody only look is recorded for sources alone.
 *
 * The record is written, not yet synced: firn_audit_sync() when the container
 * stands still.  If it can't be written, that is the failure: what can't be
 * recorded isn't done.  Only an undoing that is allowed is 1 then, and `err`
 * says why it isn't recorded: a full disk must not keep a container stopped,
 * and the ledger, which is in memory, has it.
 */
FIRN_MUST_CHECK int firn_permitted(const struct firn_permit *permit,
				   enum firn_role role,
				   const struct firn_target *target,
				   struct firn_decision *ret,
				   struct firn_err *err);

/* firn_permitted_as(permit, role, what, ret, err) -- the same of a container
 * that is only known by its traits; NULL is any, only to look. */
FIRN_MUST_CHECK int firn_permitted_as(const struct firn_permit *permit,
				      enum firn_role role,
				      const struct firn_traits *what,
				      struct firn_decision *ret,
				      struct firn_err *err);

/* firn_would_permit(permit, role, what, ret, err) -- what the answer would be:
 * nothing is written, asked for or used up. */
FIRN_MUST_CHECK int firn_would_permit(const struct firn_permit *permit,
				      enum firn_role role,
				      const struct firn_traits *what,
				      struct firn_decision *ret,
				      struct firn_err *err);

/*
 * firn_gone_traits(id, ret_kept, ret, err) -- of a container that isn't here
 * any more, as it was when it was stopped in this boot; else its id alone.
 *
 * `ret` borrows from `id` and from `*ret_kept`, which is for the caller to
 * json_decref().
 */
FIRN_MUST_CHECK int firn_gone_traits(const char *id, json_t **ret_kept,
				     struct firn_traits *ret,
				     struct firn_err *err);

/*
 * firn_permit_pod(target, ret, err) -- the other containers whose network a cut
 * of the whole pod (firn_isolation.whole_pod) cuts too: each takes a permission
 * of its own.  A new array of names for firn_target_open_forced(): ids, or
 * "pid:N" of what is not in a container's cgroup.
 */
FIRN_MUST_CHECK int firn_permit_pod(struct firn_target *target, json_t **ret,
				    struct firn_err *err);

/* Longest reason for breaking the glass, in bytes. */
#define FIRN_REASON_MAX 1000

/*
 * firn_break_glass(permit, role, what, reason, forced, ret, err) -- in an
 * emergency: past the policy, aloud.
 *
 * For persons who run firn as root, for a reason, and unless the policy says
 * `break-glass: false`; what is never to be touched only if `forced` too.
 * `permit->policy` is NULL where it can't be read: that is an emergency.  Each
 * use is a line "break-glass" of the audit log; where it can't be written, it
 * is as with firn_permitted().
 */
FIRN_MUST_CHECK int firn_break_glass(const struct firn_permit *permit,
				     enum firn_role role,
				     const struct firn_traits *what,
				     const char *reason, bool forced,
				     struct firn_decision *ret,
				     struct firn_err *err);

/* firn_may_break_glass() -- the same, without doing it: nothing is written. */
FIRN_MUST_CHECK int firn_may_break_glass(const struct firn_permit *permit,
					 enum firn_role role,
					 const struct firn_traits *what,
					 const char *reason, bool forced,
					 struct firn_decision *ret,
					 struct firn_err *err);

#endif
