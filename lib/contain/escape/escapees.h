#ifndef CONTAIN_ESCAPE_ESCAPEES_H
#define CONTAIN_ESCAPE_ESCAPEES_H

/*
 * escapees -- stop what belongs to the container and isn't in its cgroup.
 */

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/freeze.h"
#include "firn/ledger.h"
#include "firn/target.h"

/* What came of one of them. */
struct firn_escapee {
	const struct firn_member *member; /* of the target's last scan */
	bool stopped;
	const char *held_by; /* "v2" or "v1", the container's own cgroup there;
			      * "quarantine"; NULL for one that has ended */
	char why[FIRN_ERR_TEXT]; /* if it isn't stopped */
};

struct firn_escapees {
	struct firn_escapee *items; /* sorted by pid */
	size_t n;
	struct firn_err why; /* looking, or the quarantine, failed */
};

/*
 * firn_escapees_stop(target, ledger, how, ret) -- after its cgroup was asked to
 * freeze.
 *
 * One that the freezer of one hierarchy holds stands still already.  Others
 * are moved into a quarantine, and the host is scanned again, until there is
 * nobody left to be moved: one that isn't stopped yet may go on forking.  At
 * most `how->timeout_ms`, or 20 rounds.
 *
 * Never moved: firn, pid 1, what protect.h calls the node's, and what is in
 * the cgroup of another container and may belong to that.
 *
 * Replaces `target->members`.  Release with firn_escapees_free().
 */
void firn_escapees_stop(struct firn_target *target, struct firn_ledger *ledger,
			const struct firn_freezing *how,
			struct firn_escapees *ret);
void firn_escapees_free(struct firn_escapees *escapees);

#endif
