#ifndef POLICY_COUNTS_H
#define POLICY_COUNTS_H

/*
 * counts -- what has happened lately, for a limit that asks for it.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/policy.h"
#include "firn/traits.h"

/* Who counts: its own earlier permissions are none of the others'. */
struct firn_act {
	const char *id;  /* of the container */
	const char *key; /* the case, or the process */
};

/*
 * firn_count_replicas(host, what, ret, err) -- the containers of the service on
 * this node, `what` among them: a new object, of each id whether it is stopped
 * by firn, as its ledger says.
 *
 * Not while the same process has a ledger open (firn_ledger_look()).
 */
FIRN_MUST_CHECK int firn_count_replicas(const struct firn_host *host,
					const struct firn_traits *what,
					json_t **ret, struct firn_err *err);

/*
 * firn_count(needed, what, act, replicas, ret, err) -- by the audit log, best
 * while it is taken (firn_audit_open()).
 *
 * `needed` is of enum firn_count; `replicas` may be NULL where they aren't
 * needed.  A freeze is counted once for each container and case (or process),
 * whatever was asked for in it; that of `act` is not.  What was permitted half
 * a minute ago counts as stopped, though its ledger doesn't say so yet.
 */
FIRN_MUST_CHECK int firn_count(unsigned needed, const struct firn_traits *what,
			       const struct firn_act *act,
			       const json_t *replicas, struct firn_counts *ret,
			       struct firn_err *err);

#endif
