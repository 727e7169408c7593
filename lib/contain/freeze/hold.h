#ifndef CONTAIN_FREEZE_HOLD_H
#define CONTAIN_FREEZE_HOLD_H

/*
 * hold -- a freeze that the platform can't undo.
 *
 * Whoever thaws a container (docker unpause, runc resume, a CRI's stop, a
 * daemon that starts again) writes to the container's own cgroup.freeze or
 * freezer.state.  So in every cgroup of the container that has tasks a child
 * of firn's is made, asked to freeze itself, and all those tasks are moved into
 * it.  Its own request holds whatever the ones above it say.
 *
 * A task is one level below where it was, so limits, accounting and BPF
 * programs of its cgroup go on to apply, the cgroup stays populated, and the
 * way back needs no list: the parent of where it is.  The ledger's change
 * "hold" has, for each hierarchy ("v2", "v1"), "path", "folder", "inode" of the
 * container's cgroup, and "name", that of the children: "firn-hold-" and
 * eight random hexadecimal digits.
 *
 * v2 moves whole processes, in a threaded cgroup threads; v1 moves threads,
 * since there those of one process may be in several cgroups.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst, "cgroup.freeze",
 * "Threads", "No Internal Process Constraint"; kernel/cgroup/freezer.c,
 * cgroup_freezer_migrate_task(); legacy_freezer.c, freezer_attach().
 */

#include <jansson.h>

#include "contain/freeze/freezer.h"

/* A child's name: FIRN_CGROUP_HOLD, eight digits and a NUL. */
#define FIRN_HOLD_NAME 24

/*
 * firn_hold(target, ledger, ret, err) -- hold what is frozen.
 *
 * `*ret` is a new object: "processes" (v2's; v1's threads where there is no
 * v2), "v2", "v1" (do the children say that all in them is frozen?), and
 * "not_held": objects with "hierarchy", "error", and "task" if it's about one;
 * 64 at most.  What can't be held stays frozen where it is.
 *
 * Fails only when the ledger can't take it: then nothing was done.
 */
FIRN_MUST_CHECK int firn_hold(const struct firn_target *target,
			      struct firn_ledger *ledger, json_t **ret,
			      struct firn_err *err);

/*
 * firn_hold_undo(target, ledger, ret_held, err) -- move everything back, remove
 * the children, close the changes.
 *
 * `*ret_held`: was there a hold?  A cgroup that is gone has nothing left to
 * put back.  EBUSY for a child that can't be emptied: its change stays open.
 */
FIRN_MUST_CHECK int firn_hold_undo(const struct firn_target *target,
				   struct firn_ledger *ledger, bool *ret_held,
				   struct firn_err *err);

/* firn_hold_stands(target) -- is every task of its cgroups, by one hierarchy's
 * word, in a frozen child of ours?  Also if they themselves were thawed. */
bool firn_hold_stands(const struct firn_target *target);

#endif
