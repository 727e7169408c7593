#ifndef CONTAIN_SPACES_H
#define CONTAIN_SPACES_H

/*
 * spaces -- the network namespaces that a container's processes live in.
 *
 * Most have one.  A process may have joined another, or made one; each thread
 * has its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/target.h"

/* Nobody needs more; beyond it, the rest is counted. */
#define FIRN_SPACES 16

struct firn_space {
	uint64_t inode;
	pid_t pid, tid; /* a thread that lives in it */
};

struct firn_spaces {
	struct firn_space items[FIRN_SPACES]; /* its first process's is first */
	size_t n;
	size_t n_more; /* threads in still others */
};

/* firn_spaces_find(target, ret) -- of every thread of its own processes, as of
 * the last scan; not of those that only joined it, nor of a runtime's
 * helpers. */
void firn_spaces_find(const struct firn_target *target,
		      struct firn_spaces *ret);

/* firn_space_open(target, space, err) -- a descriptor of it; ESTALE when the
 * thread has left it. */
FIRN_MUST_CHECK int firn_space_open(const struct firn_target *target,
				    const struct firn_space *space,
				    struct firn_err *err);

/* firn_space_is_hosts(target, space) -- is it that of the host's first process?
 * Ours is, unless firn itself runs in a container. */
bool firn_space_is_hosts(const struct firn_target *target,
			 const struct firn_space *space);

/* firn_own_netns(ret, err) -- the inode of the namespace we are in. */
FIRN_MUST_CHECK int firn_own_netns(uint64_t *ret, struct firn_err *err);

/* firn_netns_of(host, pid, tid) -- of a thread; 0 where it can't be read. */
uint64_t firn_netns_of(const struct firn_host *host, pid_t pid, pid_t tid);

#endif
