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
#include "respond/drill_cgroups.h"

#define FIRN_DRILL_FOLDER "/var/lib/firn"

struct firn_drill_container {
	char id[65];        /* random, 64 hexadecimal digits */
	char folder[64];    /* FIRN_DRILL_FOLDER/drill-XXXXXX: its layers */
	char interface[16]; /* the host's end of the veth pair */
	struct firn_drill_cgroups cgroups;
	pid_t pid;                /* of its process 1, on the host */
	int listen_fd, beacon_fd; /* the intruder's server, which is ours */
	uint16_t port;
};

/*
 * firn_drill_container_make(ret, host, err) -- make it, start the intruder in
 * it, and wait (5 s) until every trace is planted.
 *
 * On failure what was made is taken away again.
 */
FIRN_MUST_CHECK int firn_drill_container_make(struct firn_drill_container *ret,
					      const struct firn_host *host,
					      struct firn_err *err);

/* firn_drill_container_heard(container) -- how many bytes arrived at the
 * intruder's server since the last call. */
uint64_t firn_drill_container_heard(
	const struct firn_drill_container *container);

/* firn_drill_container_remove(container, err) -- end it, and take away all that
 * was made; goes on after a failure, and reports the first. */
FIRN_MUST_CHECK int firn_drill_container_remove(
	struct firn_drill_container *container, struct firn_err *err);

#endif
