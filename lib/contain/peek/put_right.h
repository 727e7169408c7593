#ifndef CONTAIN_PEEK_PUT_RIGHT_H
#define CONTAIN_PEEK_PUT_RIGHT_H

/*
 * put_right -- the options of sockets, as they were.
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/err.h"

/* A socket, and what it had before. */
struct firn_socket_was {
	int fd;
	bool has_peek_offset, has_reuse;
	int peek_offset; /* SO_PEEK_OFF */
	int reuse;       /* SO_REUSEADDR, and TCP_REPAIR was off */
};

/*
 * firn_put_right(sockets, n, ret_changed, err) -- all of them; those that are
 * as they were are not touched.  `*ret_changed` counts the others.
 *
 * Setting them needs the lock of the socket, which its owner may hold: a child
 * does it, and after 1 s for one we go on without it.
 */
FIRN_MUST_CHECK int firn_put_right(const struct firn_socket_was *sockets,
				   size_t n, size_t *ret_changed,
				   struct firn_err *err);

#endif
