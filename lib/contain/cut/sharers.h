#ifndef CONTAIN_CUT_SHARERS_H
#define CONTAIN_CUT_SHARERS_H

/*
 * sharers -- who else lives in a container's network namespace.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/target.h"

/* A container, or a process that is in none. */
struct firn_sharer {
	pid_t pid;   /* its first process */
	char id[72]; /* of the container; "" for a process */
	char *v2;    /* that container's own cgroup v2, or NULL */
};

/* Starts as `{ 0 }`. */
struct firn_sharers {
	struct firn_sharer *items;
	size_t n;
};

/*
 * firn_sharers_find(target, netns, ret, err) -- whose processes are in this
 * network namespace, but not the container's own.
 *
 * Its own are its members, except those that only joined a namespace; and,
 * because it may go on forking, whatever is in its cgroup or its pid namespace.
 * The process that does nothing but hold a pod's namespace ("pause",
 * "catatonit") has no network to lose and isn't counted.  Release with
 * firn_sharers_free().
 */
FIRN_MUST_CHECK int firn_sharers_find(const struct firn_target *target,
				      uint64_t netns, struct firn_sharers *ret,
				      struct firn_err *err);
/* firn_sharers_none(target, netns) -- is nobody in there for certain, before
 * its members are known?  Then it's only its cgroup, and who holds a pod. */
bool firn_sharers_none(const struct firn_target *target, uint64_t netns);

void firn_sharers_free(struct firn_sharers *sharers);

/* firn_sharers_json(target, sharers, array) -- add them as {"id", "name",
 * "pid"}, each once; a process has its command's name and no id. */
void firn_sharers_json(const struct firn_target *target,
		       const struct firn_sharers *sharers, json_t *array);

#endif
