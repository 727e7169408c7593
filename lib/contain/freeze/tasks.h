#ifndef CONTAIN_FREEZE_TASKS_H
#define CONTAIN_FREEZE_TASKS_H

/*
 * tasks -- the processes and threads of cgroups, as sets of numbers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "firn/err.h"

/* Sorted, each once.  Starts as `{ 0 }`. */
struct firn_tasks {
	pid_t *items;
	size_t n, size;
};

#define autotasks __attribute__((cleanup(firn_tasks_free)))

void firn_tasks_free(struct firn_tasks *tasks);

/*
 * firn_tasks_list(dir_fd, name, tasks, err) -- add what is in the file `name`
 * ("cgroup.procs", "cgroup.threads", "tasks") of a cgroup and of every one
 * below it.
 *
 * A threaded cgroup, which has no cgroup.procs, adds none: its processes stand
 * in its domain's.  More than 500 levels is ELOOP.
 */
FIRN_MUST_CHECK int firn_tasks_list(int dir_fd, const char *name,
				    struct firn_tasks *tasks,
				    struct firn_err *err);

/* firn_tasks_in(dir_fd, name, tasks, err) -- the same of one cgroup only. */
FIRN_MUST_CHECK int firn_tasks_in(int dir_fd, const char *name,
				  struct firn_tasks *tasks,
				  struct firn_err *err);

/* firn_tasks_add(tasks, task, err) -- one more; sort before it is looked at. */
FIRN_MUST_CHECK int firn_tasks_add(struct firn_tasks *tasks, pid_t task,
				   struct firn_err *err);
void firn_tasks_sort(struct firn_tasks *tasks);

bool firn_tasks_have(const struct firn_tasks *tasks, pid_t task);

#endif
