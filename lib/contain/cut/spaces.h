#ifndef CONTAIN_CUT_SPACES_H
#define CONTAIN_CUT_SPACES_H

/*
 * spaces -- the network namespaces that a container's processes live in.
 *
 * Most have one.  A process may have joined another, or made one; each thread
 * has its own; a socket stays where it was made, and a descriptor keeps a
 * namespace that nobody lives in.
 *
 * Source: network_namespaces(7); ioctl_ns(2); linux/sockios.h, SIOCGSKNS.
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
	pid_t pid;     /* that has to do with it */
	char name[48]; /* of it below /proc/PID, "task/17/ns/net" or "fd/3" */
	bool socket;   /* that one is a socket in it */
};

struct firn_spaces {
	struct firn_space items[FIRN_SPACES]; /* its first process's is first */
	size_t n;
	size_t n_more;   /* threads and descriptors in still others */
	size_t n_unseen; /* descriptors that were too many to be looked at */
};

/* firn_spaces_find(target, ret) -- of every thread, socket and descriptor of
 * its own processes, as of the last scan; not of those that only joined it, nor
 * of a runtime's helpers. */
void firn_spaces_find(const struct firn_target *target,
		      struct firn_spaces *ret);

/* firn_space_open(target, space, err) -- a descriptor of it; ESTALE when
 * what was there is in another one by now. */
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
