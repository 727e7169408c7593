#ifndef CONTAIN_ESCAPE_QUARANTINE_H
#define CONTAIN_ESCAPE_QUARANTINE_H

/*
 * quarantine -- a frozen cgroup of firn's, for processes of a container that
 * have left its own.
 *
 * /firn-quarantine-ID at the root of one hierarchy, made by us, frozen while
 * it is empty.  A task that is moved into a frozen cgroup stops at once, and
 * runs on where it is moved out of it.
 *
 * Everything stands in the ledger before it's done, as changes "quarantine":
 * one that makes the cgroup has "hierarchy", "path", "folder"; one that moves
 * has the same with the "inode", and "moves": objects with "pid", "tid",
 * "start_ticks", and the "folder" and "inode" that the task comes from.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst, "cgroup.freeze",
 * "cgroup.procs", "Threads"; cgroup-v1/cgroups.rst, "notify_on_release".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "contain/freeze/freezer.h"
#include "contain/freeze/tasks.h"
#include "firn/err.h"
#include "firn/ledger.h"
#include "firn/target.h"

/* Starts as `{ 0 }`, with .cgroup.dir_fd = -1. */
struct firn_quarantine {
	const struct firn_host *host;
	enum firn_hierarchy hierarchy;
	char *mount;               /* of the hierarchy, on the host */
	struct firn_cgroup cgroup; /* dir_fd -1 until it's made */
};

/* A process that is to be moved, and what came of it. */
struct firn_stray {
	pid_t pid;
	uint64_t start_ticks;
	bool moved;
	struct firn_err why; /* if it wasn't */
};

/*
 * firn_quarantine_make(quarantine, target, ledger, err) -- make and freeze it,
 * or hold the one that an open change of the ledger made.
 *
 * Uses v2 if the target has a cgroup there, else v1's freezer.
 */
FIRN_MUST_CHECK int firn_quarantine_make(struct firn_quarantine *quarantine,
					 const struct firn_target *target,
					 struct firn_ledger *ledger,
					 struct firn_err *err);
void firn_quarantine_close(struct firn_quarantine *quarantine);

/* firn_quarantine_json(quarantine) -- what every change of it says in the
 * ledger; a new object. */
json_t *firn_quarantine_json(const struct firn_quarantine *quarantine);

/*
 * firn_quarantine_take(quarantine, ledger, held, strays, n, err) -- move these
 * processes in.
 *
 * On v2 whole; on v1 only their threads that are not in `held`, the sorted
 * threads that stand still where they are.  One that can't be moved, or could
 * not be put back exactly, stays, and `why` says so.  Fails if the ledger does:
 * then nothing was moved.
 */
FIRN_MUST_CHECK int firn_quarantine_take(
	const struct firn_quarantine *quarantine, struct firn_ledger *ledger,
	const struct firn_tasks *held, struct firn_stray *strays, size_t n,
	struct firn_err *err);

/* firn_quarantine_tasks(quarantine, ret, err) -- the threads that are in it;
 * none if it isn't made. */
FIRN_MUST_CHECK int firn_quarantine_tasks(
	const struct firn_quarantine *quarantine, struct firn_tasks *ret,
	struct firn_err *err);

/*
 * firn_quarantine_undo(host, ledger, ret, err) -- by the ledger alone: put all
 * back to where they came from, and remove the cgroup.
 *
 * A child that was born into the quarantine goes to where its parent came
 * from; whose old cgroup is gone goes to the nearest one above it.  `*ret` is a
 * new object: "returned", how many threads were put back; "elsewhere", an array
 * of objects with "pid", "folder" (where it was), "now" (where it is).  Without
 * an open change it is NULL.
 *
 * When one can't be put back the quarantine is thawed all the same, the change
 * stays open, and the error says who is still in it.
 */
FIRN_MUST_CHECK int firn_quarantine_undo(const struct firn_host *host,
					 struct firn_ledger *ledger,
					 json_t **ret, struct firn_err *err);

#endif
