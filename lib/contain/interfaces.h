#ifndef CONTAIN_INTERFACES_H
#define CONTAIN_INTERFACES_H

/*
 * interfaces -- where the container's network is reached from the host.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/target.h"
#include "host/rtnl.h"

/* An interface of the container, and its other end in our namespace. */
struct firn_end {
	struct firn_link inside;
	struct firn_link outside; /* ifindex 0: there is none */
};

/* Starts as `{ 0 }`. */
struct firn_interfaces {
	uint64_t netns; /* ours; inode */
	bool is_ours;   /* the container's is the same one, or the host's */
	/* Interfaces that lead out of the container's namespace. */
	struct firn_end *ends;
	size_t n_ends;
	/* Processes in its namespace that are not its own: each would be cut
	 * with it.  The process that only holds a pod's namespace is none. */
	pid_t outsiders[4]; /* the first ones */
	size_t n_outsiders;
};

/*
 * firn_interfaces_find(target, rtnl_fd, ret, err) -- look from both sides.
 *
 * `rtnl_fd` is ours.  ESTALE when the container's process is not the one that
 * was resolved.  Release with firn_interfaces_free().
 */
FIRN_MUST_CHECK int firn_interfaces_find(const struct firn_target *target,
					 int rtnl_fd,
					 struct firn_interfaces *ret,
					 struct firn_err *err);
void firn_interfaces_free(struct firn_interfaces *interfaces);

/* firn_own_netns(ret, err) -- the inode of the namespace we are in. */
FIRN_MUST_CHECK int firn_own_netns(uint64_t *ret, struct firn_err *err);

#endif
