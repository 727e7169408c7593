#ifndef TARGET_ORIGIN_H
#define TARGET_ORIGIN_H

/*
 * origin -- where a process in a container's namespaces came from: born there,
 * or put there from the host.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/host.h"
#include "host/mountinfo.h"

/*
 * origin_is_inside(host, pid, init, pidns) -- does it descend from the
 * container's first process, `init`, or from the one that is pid 1 of its pid
 * namespace?
 *
 * `pidns` is the inode of the container's, 0 where that is the host's.  An
 * orphan's new parent is the pid 1 of the namespace that its old parent was in
 * (kernel/exit.c, find_new_reaper()), so that the chain of parents leads out
 * of the namespace only for one that was put there by setns(2): nsenter, or a
 * runtime's exec.
 */
bool origin_is_inside(const struct firn_host *host, pid_t pid, pid_t init,
		      uint64_t pidns);

/* origin_is_outside(host, pid, pidns) -- is its parent no process of that pid
 * namespace?  So it is for what a runtime started. */
bool origin_is_outside(const struct firn_host *host, pid_t pid, uint64_t pidns);

/* The mounts of the host's pid 1, and firn's; read when they are needed.
 * Starts as `{ 0 }`. */
struct origin_mounts {
	struct firn_mounts hosts, ours;
};

void origin_mounts_free(struct origin_mounts *mounts);

/*
 * origin_is_hosts_file(host, pid, mounts) -- is its executable on a mount of
 * the host's mount namespace or of firn's, not on one of the container's?
 *
 * A file in memory (memfd) is on no mount.
 *
 * Source: statx(2), STATX_MNT_ID; proc_pid_mountinfo(5), field 1.
 */
bool origin_is_hosts_file(const struct firn_host *host, pid_t pid,
			  struct origin_mounts *mounts);

#endif
