#ifndef CONTAIN_FREEZE_HOLD_WALK_H
#define CONTAIN_FREEZE_HOLD_WALK_H

/*
 * hold_walk -- the cgroups below one, and the tasks in each.
 */

#include "contain/freeze/freezer.h"
#include "contain/freeze/tasks.h"

/* One cgroup on the way. */
struct firn_hold_place {
	enum firn_hierarchy hierarchy;
	int dir_fd;
	int parent_fd;    /* -1 for the first one */
	const char *name; /* its last component; "" for the first one */
};

/* firn_hold_walk(place, each, arg, err) -- `each` of it and of all below it,
 * innermost first.  More than 500 levels is ELOOP; one that goes meanwhile is
 * left out. */
typedef int firn_hold_fn(const struct firn_hold_place *place, void *arg,
			 struct firn_err *err);
FIRN_MUST_CHECK int firn_hold_walk(const struct firn_hold_place *place,
				   firn_hold_fn *each, void *arg,
				   struct firn_err *err);

/* firn_hold_file(place) -- the file of a cgroup by which its tasks are listed
 * and taken in: "cgroup.procs", "cgroup.threads", "tasks". */
const char *firn_hold_file(const struct firn_hold_place *place);

/* firn_hold_move(from, to_fd, file, tasks, ret_stuck, err) -- all tasks of
 * `from` to another cgroup; those that stay although they live are left in
 * `ret_stuck`, and `*err` says why the last of them did. */
FIRN_MUST_CHECK int firn_hold_move(const struct firn_hold_place *from,
				   int to_fd, const char *file,
				   struct firn_tasks *ret_stuck,
				   struct firn_err *err);

#endif
