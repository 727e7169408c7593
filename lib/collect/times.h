#ifndef COLLECT_TIMES_H
#define COLLECT_TIMES_H

/*
 * times -- clock ticks since the boot, as the times that people use.
 */

#include <stdint.h>
#include <time.h>

#include "firn/err.h"
#include "firn/host.h"

/*
 * firn_boot_time(host, ret, err) -- when the host was started, wall time.
 *
 * Source: proc_stat(5), btime, in seconds; the clocks give the rest of it
 * where the host is this machine.
 */
FIRN_MUST_CHECK int firn_boot_time(const struct firn_host *host,
				   struct timespec *ret, struct firn_err *err);

/* firn_time_of_ticks(boot, ticks) -- so many ticks after the boot. */
struct timespec firn_time_of_ticks(struct timespec boot, uint64_t ticks);

/* firn_ms_of_ticks(ticks) -- how long they take. */
uint64_t firn_ms_of_ticks(uint64_t ticks);

#endif
