#ifndef CONTAIN_CUT_POWERS_H
#define CONTAIN_CUT_POWERS_H

/*
 * powers -- what a container's processes may do to a cut from inside.
 *
 * Source: capabilities(7), packet(7); kernel net/core/rtnetlink.c,
 * IFLA_TARGET_NETNSID.
 */

#include <stdbool.h>

#include "firn/target.h"

struct firn_powers {
	bool raw;   /* CAP_NET_RAW: may open packet sockets */
	bool admin; /* CAP_NET_ADMIN */
	bool bpf;   /* and may load BPF programs for packets */
	/* Its user namespace is the host's: what it may do, it may do to the
	 * host's network too, through the numbers by which namespaces know each
	 * other (ip-link(8), target-netnsid). */
	bool on_host;
};

/* firn_powers(target) -- what any of its own processes has, or could get back
 * by its bounding set.  While it is frozen it can use none; a thaw gives them
 * back, so that doesn't count. */
struct firn_powers firn_powers(const struct firn_target *target);

#endif
