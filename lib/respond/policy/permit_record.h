#ifndef POLICY_PERMIT_RECORD_H
#define POLICY_PERMIT_RECORD_H

/*
 * permit_record -- decisions, as they stand in the audit log.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/audit.h"
#include "firn/permit.h"
#include "respond/policy/counts.h"

/* A process, for an act without a case. */
#define FIRN_ACT_KEY 48

/* firn_act_key(permit, ret) -- what tells this act from others: its case, else
 * the process; returns it, borrowed from one of the two. */
const char *firn_act_key(const struct firn_permit *permit,
			 char ret[FIRN_ACT_KEY]);

/* What is written beside the decision; may all be empty. */
struct firn_more {
	const char *approval; /* that was used up, or asked for */
	const char *reason;   /* of breaking the glass */
	bool forced;
};

/*
 * firn_permit_record(permit, role, what, decision, more, audit, err) -- write
 * it; into `audit` if it is taken, else NULL.
 *
 * 1 for an undoing that is allowed and could not be written.
 */
FIRN_MUST_CHECK int firn_permit_record(const struct firn_permit *permit,
				       enum firn_role role,
				       const struct firn_traits *what,
				       const struct firn_decision *decision,
				       const struct firn_more *more,
				       struct firn_audit *audit,
				       struct firn_err *err);

/*
 * firn_permit_last(id, roles, ret, err) -- the last line that let this
 * container be stopped, in this boot, by one of these roles.
 *
 * 1 and `*ret`, a new object, or 0 for none.
 */
FIRN_MUST_CHECK int firn_permit_last(const char *id, unsigned roles,
				     json_t **ret, struct firn_err *err);

#endif
