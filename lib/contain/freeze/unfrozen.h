#ifndef CONTAIN_FREEZE_UNFROZEN_H
#define CONTAIN_FREEZE_UNFROZEN_H

/*
 * unfrozen -- which threads run on, and in what they wait.
 */

#include <jansson.h>

#include "contain/freeze/tasks.h"
#include "firn/err.h"
#include "firn/host.h"

/* As many are described; the rest are counted. */
#define FIRN_UNFROZEN_MAX 4096

/*
 * firn_unfrozen(host, threads, ret, ret_n, err) -- those of `threads` that are
 * not proven to be frozen.
 *
 * A thread is frozen if it stands where the kernel holds frozen threads, and
 * two looks 50 ms apart show no processor time and no voluntary switch.  The
 * names of such places are not a promise of the kernel: one that isn't known
 * here is reported, never taken for frozen.
 *
 * `*ret` is a new array of objects, sorted by tid: "pid", "tid", "comm",
 * "state" (a letter, proc_pid_stat(5)), "wchan", "stack" (text), "ran" (did it
 * between the looks?), "kernel" (is it a kernel thread?).  `*ret_n` counts
 * also those past FIRN_UNFROZEN_MAX.  Ended threads are none.
 */
FIRN_MUST_CHECK int firn_unfrozen(const struct firn_host *host,
				  const struct firn_tasks *threads,
				  json_t **ret, size_t *ret_n,
				  struct firn_err *err);

#endif
