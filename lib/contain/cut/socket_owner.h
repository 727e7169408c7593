#ifndef CONTAIN_CUT_SOCKET_OWNER_H
#define CONTAIN_CUT_SOCKET_OWNER_H

/*
 * socket_owner -- is a socket the container's?
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"
#include "firn/target.h"
#include "host/holders.h"

/* Starts as `{ 0 }`. */
struct firn_owner {
	const struct firn_target *target;
	uint64_t *cgroups; /* ids, sorted: its own and those below */
	size_t n_cgroups;
	struct firn_holders members, others;
	bool others_read;
};

/* firn_owner_open(ret, target, err) -- Release with firn_owner_close(). */
FIRN_MUST_CHECK int firn_owner_open(struct firn_owner *ret,
				    const struct firn_target *target,
				    struct firn_err *err);
void firn_owner_close(struct firn_owner *owner);

/*
 * firn_owner_has(owner, inode, cgroup, own, err) -- 1 if it is the container's,
 * 0 if not.
 *
 * It was made in the container's cgroup; or processes of it hold it, and no
 * other does; or, if `own`, nobody does.  The other processes of the host are
 * asked only when that matters: at most 3 s, then ETIMEDOUT.
 */
FIRN_MUST_CHECK int firn_owner_has(struct firn_owner *owner, uint64_t inode,
				   uint64_t cgroup, bool own,
				   struct firn_err *err);

/* firn_owner_is_member(member) -- is it one of its own, not a tool of the
 * host's that is in there for a while? */
bool firn_owner_is_member(const struct firn_member *member);

#endif
