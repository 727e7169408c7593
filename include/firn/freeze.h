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

/* One line for a person, at once. */
typedef void firn_alarm_fn(const char *text, void *arg);

struct firn_holder;

struct firn_freezing {
	unsigned timeout_ms;
	unsigned max_s;     /* thaw by itself after so many seconds; 0: never */
	bool leave_escaped; /* don't touch what is outside of its cgroup */
	bool hold;          /* so that the platform can't undo it */
	/* Where to put one that holds its tasks against kills
	 * (contain/watch/holder.h), for the caller to end; NULL for none. */
	struct firn_holder **holder;
	/* Called as soon as the kernel has given its word, before anything is
	 * looked at closely; NULL for nobody. */
	void (*stands)(void *arg);
	void *stands_arg;
};

/*
 * firn_freeze(target, ledger, how, ret, err) -- stop every task of the
 * container.
 *
 * On v2 writes "1" to cgroup.freeze and waits by poll(2) until cgroup.events
 * says "frozen 1"; then, on v1, writes FROZEN to freezer.state again every
 * millisecond until it reads so.  Frozen tasks keep their memory, descriptors
 * and connections.  The kernel still acknowledges their TCP traffic.
 *
 * Processes of the container outside its cgroup are found by a scan after, and
 * moved into a frozen cgroup of firn's, until two scans agree that none runs.
 *
 * With `max_s` a keeper (a process of firn's own) stands by before anything is
 * written, and thaws then what firn froze and nobody thawed, whatever has
 * become of firn.  It takes the place of one that is there already.
 *
 * `*ret` is a new object:
 *   "state"     "frozen"; "partial": the deadline passed, and "unfrozen" names
 *               every thread that runs on, with its state, wait channel and
 *               stack, or one of "escaped" isn't stopped; nothing is rolled
 *               back
 *   "already"   who had frozen it before: null, "firn", "runtime" (paused, by
 *               whomever), "parent" (a cgroup above it is frozen; it is frozen
 *               by itself, too, from now on)
 *   "elapsed_us" from the first write to the kernel's word, or the deadline
 *   "processes", "threads"
 *   "hierarchies": ["v2", "v1"], those that gave their word
 *   "escaped"   processes of the container outside its cgroup, in one hierarchy
 *               or in all: objects with "pid", "start_ticks", "comm",
 *               "membership", "out_of" (["v2", "v1"]), "stopped", "held_by"
 *               ("v2", "v1": it stands still by that one; "quarantine": it was
 *               moved into a frozen cgroup of firn's), and "why" if it isn't
 *   "foreign"   processes in its cgroup that are not the container's: "pid",
 *               "start_ticks", "comm", "membership"
 *   "joined"    processes from outside that share a namespace with it, tools
 *               of the host and siblings of a pod, likewise; they run on
 *   "unfrozen"  only if partial: objects with "pid", "tid", "comm", "state",
 *               "wchan", "stack", "ran" (was it seen to?), "kernel"; 4096 at
 *               most; "unfrozen_threads" counts them all
 *   "keeper"    with `max_s`: "pid", "deadline"
 *   "held"      only with `hold`: the tasks of each cgroup were moved into a
 *               frozen child of it, which writes to the container's own files
 *               don't thaw: "processes", "v2", "v1" (is all in those children
 *               frozen, by that hierarchy's word?), "not_held" (what could not
 *               be: it's frozen where it is)
 *   "tasks_held"  only with `holder`: {"threads": N}, or {"error": why not}
 *   "consequences" what it will lead to, as firn_consequences() has it; looked
 *               for when all stands still
 * and where something could not be had, one of these with the reason:
 *   "failures"       a hierarchy that could not be written, where the other was
 *   "unfrozen_error" the threads could not be listed
 *   "members_error"  the scan failed, or the moving: what is missing of
 *                    "escaped", "foreign" and "joined" isn't known
 *   "hold_error"     nothing was held: the ledger didn't take it
 *   "unrecorded"     the ledger took the question, but not how it went
 *
 * Freezing a frozen container succeeds.  proc(5) shows a frozen task as
 * sleeping, so cgroup.events is the witness.
 *
 * EPERM for a cgroup that holds firn or pid 1, and for the root; ESTALE for
 * one that isn't the one that was found; ESRCH when it's gone; ENOTSUP where
 * the target has neither freezer.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst, "cgroup.freeze";
 * cgroup-v1/freezer-subsystem.rst.
 */
FIRN_MUST_CHECK int firn_freeze(struct firn_target *target,
				struct firn_ledger *ledger,
				const struct firn_freezing *how, json_t **ret,
				struct firn_err *err);

/*
 * firn_thaw(target, ledger, force, ret, err) -- undo firn_freeze().
 *
 * What had left the cgroup goes back to where it was; then a hold is ended:
 * every task goes back to the cgroup that it was taken from.  Only what firn
 * froze, in the reverse order, and its keeper ends; what another froze (a
 * paused container) is EPERM unless `force`.  A container that is not frozen is
 * not an error, nor is one whose cgroup is gone: the ledger is closed.  `*ret`
 * is a new object: "state" ("running", "gone", or "frozen" and then "by":
 * "runtime" or "parent"), "thawed" (was anything written?), "why" if the node
 * was rebooted since it was frozen, and, if something had been moved,
 * "returned" (threads) and "elsewhere" (what could not go back exactly, as its
 * cgroup is gone: objects with "pid", "folder", "now").
 */
FIRN_MUST_CHECK int firn_thaw(struct firn_target *target,
			      struct firn_ledger *ledger, bool force,
			      json_t **ret, struct firn_err *err);

/*
 * firn_thaw_recorded(host, ledger, ret, err) -- the same by the ledger alone,
 * for a target that can't be found any more: a container that has exited, or
 * whose runtime forgot it.
 *
 * Opens the recorded folders; a cgroup that isn't there, or is another one by
 * now, is left alone.
 */
FIRN_MUST_CHECK int firn_thaw_recorded(const struct firn_host *host,
				       struct firn_ledger *ledger, json_t **ret,
				       struct firn_err *err);

/* firn_is_frozen(target) -- do its cgroups say so, now?  Or those that hold
 * its tasks, where it was thawed itself. */
bool firn_is_frozen(const struct firn_target *target);

#endif
