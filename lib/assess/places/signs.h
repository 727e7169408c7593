#ifndef ASSESS_SIGNS_H
#define ASSESS_SIGNS_H

/*
 * signs -- is this process the intruder's?  What it runs says so: a file that
 * was deleted, one in memory only, or one that the container itself has
 * written.
 *
 * Source: proc_pid_exe(5), memfd_create(2).
 */

#include <sys/types.h>

#include "firn/target.h"
#include "host/mountinfo.h"

/* firn_sign_of(target, mounts, pid) -- what points at it, in words for "who
 * could read it"; NULL for nothing, and for what can't be looked at. */
const char *firn_sign_of(const struct firn_target *target,
			 const struct firn_mounts *mounts, pid_t pid);

#endif
