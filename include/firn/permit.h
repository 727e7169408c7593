#ifndef FIRN_PERMIT_H
#define FIRN_PERMIT_H

/*
 * permit -- may this be done now?  Asked before every change, on every path,
 * and the answer is in the audit log before it is given.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/policy.h"
#include "firn/target.h"

struct firn_permit {
	const struct firn_policy *policy;
	const struct firn_host *host;
	const struct firn_party *who;
	const char *command; /* "isolate", "playbook crypto-miner" */
	const char *case_id; /* or NULL */
	const char *alert;   /* its name in the inbox, or NULL */
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
 * recorded isn't done.
 */
FIRN_MUST_CHECK int firn_permitted(const struct firn_permit *permit,
				   enum firn_role role,
				   const struct firn_target *target,
				   struct firn_decision *ret,
				   struct firn_err *err);

#endif
