#ifndef HOST_NETNS_H
#define HOST_NETNS_H

/*
 * netns -- work in another network namespace, and sockets that look into one.
 *
 * A netlink socket belongs to the namespace that it was made in, and interfaces
 * are named by numbers of the caller's.  A short-lived child enters the
 * namespace (and no other) and passes back what it made: firn itself never
 * leaves the host's.
 *
 * Source: netlink(7), setns(2), unix(7) SCM_RIGHTS.
 */

#include <stddef.h>

#include "firn/err.h"

/* How many descriptors one call makes at most. */
#define FIRN_NETNS_FDS 8

/*
 * firn_netns_run(netns_fd, run, arg, n, ret_fds, err) -- call `run` there.
 *
 * In the child, a copy of the caller: it must not allocate, and what it leaves
 * in memory is lost.  It fills in up to `n` descriptors (each -1 before) and
 * returns 0 or an errno(3) value, which becomes the error.  `ret_fds` are for
 * the caller to close(2); on failure all are -1.  The child has 2 seconds
 * (ETIMEDOUT), and gets no signals.
 */
typedef int firn_netns_fn(void *arg, int *fds);
FIRN_MUST_CHECK int firn_netns_run(int netns_fd, firn_netns_fn *run, void *arg,
				   size_t n, int *ret_fds,
				   struct firn_err *err);

/*
 * firn_netns_sockets(netns_fd, protocols, n, ret_fds, err) -- one netlink
 * socket for each protocol (NETLINK_SOCK_DIAG, NETLINK_ROUTE, ...).
 *
 * `netns_fd` is a descriptor of /proc/PID/ns/net; one of another kind of
 * namespace is EINVAL.  A protocol that this kernel doesn't have gives -1 in
 * its place; asking for one makes the kernel look for a module, so ask
 * firn_netlink_offers() before.  The descriptors are for the caller to
 * close(2), and keep the namespace alive until then.  `n` is at most
 * FIRN_NETNS_FDS.
 *
 * The child has 2 seconds (ETIMEDOUT).  On failure `ret_fds` holds -1 only and
 * nothing is left behind.
 */
FIRN_MUST_CHECK int firn_netns_sockets(int netns_fd, const int *protocols,
				       size_t n, int *ret_fds,
				       struct firn_err *err);

#endif
