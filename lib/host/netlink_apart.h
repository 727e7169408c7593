#ifndef HOST_NETLINK_APART_H
#define HOST_NETLINK_APART_H

/*
 * netlink_apart -- a netlink socket that a child asks for us.
 *
 * The kernel makes its answer while it is asked for, and may wait for a lock
 * that a suspect holds: sock_diag(7) for that of a TCP socket, whose owner
 * sends from memory that userfaultfd or FUSE doesn't give.  No signal ends
 * that.  The child is left to it then, and we go on.
 *
 * Source: kernel net/ipv4/tcp.c, tcp_get_info().
 */

#include <sys/types.h>

#include "firn/err.h"

/*
 * firn_netlink_apart(fd, ret_pid, err) -- a socket for firn_netlink_dump() that
 * stands for `fd`, which it takes over, also on failure.  One request at a
 * time.
 *
 * After a timeout it is of no use any more.  Release with
 * firn_netlink_apart_close().
 */
FIRN_MUST_CHECK int firn_netlink_apart(int fd, pid_t *ret_pid,
				       struct firn_err *err);

/* firn_netlink_apart_close(fd, pid) -- both are empty (-1, 0) after; so they
 * may be before. */
void firn_netlink_apart_close(int *fd, pid_t *pid);

#endif
