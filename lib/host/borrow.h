#ifndef HOST_BORROW_H
#define HOST_BORROW_H

/*
 * borrow -- a descriptor of ours for one of another process's: the same open
 * file, so its position, its flags and its options are shared.
 *
 * The kernel marks a socket that is handed over with the net_cls and net_prio
 * of who takes it, where cgroup v1 has those and they differ from the
 * container's: net/core/scm.c and fs/file.c, __receive_sock().
 *
 * Source: pidfd_getfd(2), pidfd_open(2).
 */

#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"

/*
 * firn_borrow(pid, tid, fd, inode, err) -- for the caller to close(2).
 *
 * `tid` is the thread whose table it is in, mostly the pid: another one needs
 * Linux 6.9 (EINVAL before).  One that is another file by now, by its inode, is
 * ESTALE.
 */
FIRN_MUST_CHECK int firn_borrow(pid_t pid, pid_t tid, int fd, uint64_t inode,
				struct firn_err *err);

#endif
