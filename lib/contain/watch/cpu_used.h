#ifndef CONTAIN_WATCH_CPU_USED_H
#define CONTAIN_WATCH_CPU_USED_H

/*
 * cpu_used -- the processor time that a target has had.
 */

#include <stdint.h>

#include "firn/err.h"
#include "firn/target.h"

/*
 * firn_cpu_used(target, ret_us, err) -- in microseconds: usage_usec of v2's
 * cpu.stat, which every cgroup has; without v2 the sum of its threads'
 * schedstat.  Standing still means that it's the same later.
 */
FIRN_MUST_CHECK int firn_cpu_used(const struct firn_target *target,
				  uint64_t *ret_us, struct firn_err *err);

/*
 * firn_cpu_settled(target, ret_us, err) -- the same of what has just been
 * frozen.
 *
 * A task counts as frozen a moment before it leaves the processor, and that
 * moment is accounted later.  Waits until the number stays, 18 ms at most.
 */
FIRN_MUST_CHECK int firn_cpu_settled(const struct firn_target *target,
				     uint64_t *ret_us, struct firn_err *err);

#endif
