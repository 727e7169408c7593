#ifndef RESPOND_DRILL_CONTAINER_H
#define RESPOND_DRILL_CONTAINER_H

/*
 * drill_container -- a sacrificial container of firn's own making, with an
 * intruder's traces planted in it.
 *
 * Namespaces, a cgroup in each hierarchy that is there, an overlay, and a veth
 * pair to the host: what a runtime would make, made here, so that a drill
 * needs none.
 */

#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/host.h"

/* RFC 5737's TEST-NET-2: nobody's addresses. */
#define FIRN_DRILL_HOST "198.51.100.1"
#define FIRN_DRILL_GUEST "198.51.100.2"

struct firn_drill_container {
	char id[65];         /* random, 64 hexadecimal digits */
	char folder[64];     /* /var/lib/firn/drill-XXXXXX: layers and root */
	char cgroup[2][256]; /* folders on the host; "" for none */
	char interface[16];  /* the host's end of the veth pair */
	pid_t pid;           /* of its process 1, on the host */
	int listen_fd, beacon_fd; /* the intruder's server, which is ours */
	uint16_t port;
};

/*
 * firn_drill_container_make(ret, host, err) -- make it, start the intruder in
 * it, and wait (5 s) until every trace is planted.
 *
 * On failure what was made is taken away again.  Source: clone(2),
 * pivot_root(2), overlayfs.rst, rtnetlink(7).
 */
FIRN_MUST_CHECK int
firn_drill_container_make(struct firn_drill_container *ret,
			  const struct firn_host *host, struct firn_err *err);

/* firn_drill_container_heard(container) -- bytes that arrived at the intruder's
 * server since the last call. */
uint64_t firn_drill_container_heard(struct firn_drill_container *container);

/* firn_drill_container_remove(container, err) -- end it, and take away all that
 * was made; goes on after a failure, and reports the first. */
FIRN_MUST_CHECK int
firn_drill_container_remove(struct firn_drill_container *container,
			    struct firn_err *err);

#endif
