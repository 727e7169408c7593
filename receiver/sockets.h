#ifndef RECEIVER_SOCKETS_H
#define RECEIVER_SOCKETS_H

/*
 * sockets -- where requests come in: those that systemd passes (LISTEN_FDS),
 * and those that the policy names.
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/err.h"
#include "firn/policy.h"

#define FIRN_SOCKETS_MAX 16

struct firn_socket {
	int fd; /* listens, non-blocking */
	bool is_unix;
	char name[128]; /* "[::1]:2801", "/run/firn/alerts.sock" */
};

struct firn_sockets {
	struct firn_socket items[FIRN_SOCKETS_MAX];
	size_t n;
};

/*
 * firn_sockets_open(ret, listening, err) -- passed ones first; an address of
 * the policy that is among them isn't bound again.
 *
 * Addresses are numbers: nothing is looked up.  A unix socket that nobody
 * listens on any more is replaced; anybody may connect to it, for the kernel
 * says who does.  ENOTCONN if there is nothing to listen on.
 *
 * Source: sd_listen_fds(3), unix(7).
 */
FIRN_MUST_CHECK int firn_sockets_open(struct firn_sockets *ret,
				      const struct firn_listening *listening,
				      struct firn_err *err);
void firn_sockets_close(struct firn_sockets *sockets);

/* firn_sockets_tcp(sockets) -- is any of them not a unix socket? */
bool firn_sockets_tcp(const struct firn_sockets *sockets);

#endif
