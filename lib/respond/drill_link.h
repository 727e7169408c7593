#ifndef RESPOND_DRILL_LINK_H
#define RESPOND_DRILL_LINK_H

/*
 * drill_link -- a veth pair between the host and the drill's container.
 *
 * Source: veth(4), rtnetlink(7), netdevice(7).
 */

#include <sys/types.h>

#include "firn/err.h"

/* RFC 5737's TEST-NET-2: nobody's addresses. */
#define FIRN_DRILL_HOST "198.51.100.1"
#define FIRN_DRILL_GUEST "198.51.100.2"
#define FIRN_DRILL_MASK "255.255.255.252"

/*
 * firn_drill_link_make(interface, pid, err) -- one end is `interface` here,
 * with FIRN_DRILL_HOST, up; the other is eth0 in the network namespace of
 * `pid`, without an address.
 */
FIRN_MUST_CHECK int firn_drill_link_make(const char *interface, pid_t pid,
					 struct firn_err *err);

/* firn_drill_link_up(interface, address, err) -- in the namespace that this is
 * called in: give it the address, and bring it up.  `address` may be NULL. */
FIRN_MUST_CHECK int firn_drill_link_up(const char *interface,
				       const char *address,
				       struct firn_err *err);

/* firn_drill_link_remove(interface, err) -- both ends; one that is gone is
 * fine: it goes with the container's namespace. */
FIRN_MUST_CHECK int firn_drill_link_remove(const char *interface,
					   struct firn_err *err);

#endif
