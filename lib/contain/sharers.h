#ifndef CONTAIN_SHARERS_H
#define CONTAIN_SHARERS_H

/*
 * sharers -- who else lives in the container's network namespace.
 */

#include <stddef.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/target.h"

/*
 * firn_sharers_find(target, ret, size, ret_n, err) -- the processes in its
 * network namespace that are not its own.
 *
 * Its own are its members, except those that only joined a namespace; and,
 * because it may go on forking, whatever is in its cgroup or its pid namespace.
 * The process that does nothing but hold a pod's namespace ("pause",
 * "catatonit") has no network to lose and isn't counted.
 *
 * The first `size` pids stand in `ret`; `*ret_n` is how many there are.
 */
FIRN_MUST_CHECK int firn_sharers_find(const struct firn_target *target,
				      pid_t *ret, size_t size, size_t *ret_n,
				      struct firn_err *err);

#endif
