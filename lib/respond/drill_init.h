#ifndef RESPOND_DRILL_INIT_H
#define RESPOND_DRILL_INIT_H

/*
 * drill_init -- process 1 of the drill's container, until it becomes the
 * intruder.
 */

#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"

/* Where the intruder writes one letter per planted trace. */
#define FIRN_DRILL_READY_FD 3

/* The secrets that are planted: their names, and where they are. */
#define FIRN_DRILL_SECRET_ENV "DATABASE_URL"
#define FIRN_DRILL_SECRET_FILE "/run/secrets/signing_key"
#define FIRN_DRILL_SECRET_PROCESS "POOL_PASSWORD"

struct firn_drill_init {
	const char *folder; /* of the overlay's layers */
	uint16_t port;      /* of the intruder's server */
	int go_fd;          /* a byte on it: the network is there, start */
	int ready_fd;       /* becomes FIRN_DRILL_READY_FD */
	int error_fd;       /* why it could not start, as text */
};

/*
 * firn_drill_init_start(how, err) -- a process in new mount, pid, network, ipc
 * and uts namespaces that waits for `go_fd`, makes the container's root its
 * own and executes the intruder.
 *
 * It dies with the thread that started it.  Returns its pid, or -1.
 *
 * Source: clone(2), namespaces(7), pivot_root(2).
 */
FIRN_MUST_CHECK pid_t firn_drill_init_start(const struct firn_drill_init *how,
					    struct firn_err *err);

#endif
