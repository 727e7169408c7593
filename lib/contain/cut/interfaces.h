#ifndef CONTAIN_CUT_INTERFACES_H
#define CONTAIN_CUT_INTERFACES_H

/*
 * interfaces -- how a network namespace of the container's reaches the world.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"
#include "host/rtnl.h"

/* An interface in there, and what it hangs on in our namespace. */
struct firn_end {
	struct firn_link inside;
	struct firn_link outside; /* its other end; ifindex 0: there is none */
	struct firn_link parent;  /* of a macvlan or ipvlan; 0 likewise */
};

/* Starts as `{ 0 }`. */
struct firn_interfaces {
	/* Those that lead out of it. */
	struct firn_end *ends;
	size_t n_ends;
	bool knows_ours; /* by a number, through which ours can be changed */
};

/*
 * firn_interfaces_find(netns_fd, rtnl_fd, ret, err) -- look from both sides.
 *
 * `netns_fd` is theirs, `rtnl_fd` a socket in ours.  Devices that only change
 * what goes through others of the same namespace (bridge, vlan, tunnels) are
 * left out; one of a kind that we don't know is taken for one that leads out.
 * Release with firn_interfaces_free().
 */
FIRN_MUST_CHECK int firn_interfaces_find(int netns_fd, int rtnl_fd,
					 struct firn_interfaces *ret,
					 struct firn_err *err);
void firn_interfaces_free(struct firn_interfaces *interfaces);

#endif
