#ifndef FIRN_FREEZE_H
#define FIRN_FREEZE_H

/*
 * freeze -- stop a container in place, so that looking at it changes nothing.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/ledger.h"
#include "firn/target.h"

/* When a freeze is declared partial. */
#define FIRN_FREEZE_TIMEOUT_MS 2000

/*
 * firn_freeze(target, ledger, timeout_ms, ret, err) -- stop every task of the
 * container.
 *
 * On v2 writes "1" to cgroup.freeze and waits by poll(2) until cgroup.events
 * says "frozen 1"; then, on v1, writes FROZEN to freezer.state again every
 * millisecond until it reads so.  Frozen tasks keep their memory, descriptors
 * and connections.  The kernel still acknowledges their TCP traffic.
 *
 * Processes of the container outside its cgroup are found by a scan after.
 *
 * `*ret` is a new object:
 *   "state"     "frozen"; "partial": the deadline passed, and "unfrozen" names
 *               every thread that runs on, with its state, wait channel and
 *               stack; nothing is rolled back
 *   "already"   who had frozen it before: null, "firn", "runtime" (paused)
 *   "elapsed_us", "processes", "threads", "hierarchies": ["v2", "v1"]
 *   "escaped"   processes of the container outside its cgroup (still running)
 *   "foreign"   processes in its cgroup that are not the container's
 *
 * Freezing a frozen container succeeds.  proc(5) shows a frozen task as
 * sleeping, so cgroup.events is the witness.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst, "cgroup.freeze";
 * cgroup-v1/freezer-subsystem.rst.
 */
FIRN_MUST_CHECK int firn_freeze(struct firn_target *target,
				struct firn_ledger *ledger, unsigned timeout_ms,
				json_t **ret, struct firn_err *err);

/*
 * firn_thaw(target, ledger, force, ret, err) -- undo firn_freeze().
 *
 * Only what firn froze, in the reverse order; what another froze (a paused
 * container) is EPERM unless `force`.  A container that is not frozen is not
 * an error.  `*ret` is a new object: "state" ("running", "frozen"), "thawed".
 */
FIRN_MUST_CHECK int firn_thaw(struct firn_target *target,
			      struct firn_ledger *ledger, bool force,
			      json_t **ret, struct firn_err *err);

/* firn_is_frozen(target) -- do its cgroups say so, now? */
bool firn_is_frozen(const struct firn_target *target);

#endif
