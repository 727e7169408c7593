#ifndef CONTAIN_RESET_DOOMED_H
#define CONTAIN_RESET_DOOMED_H

/*
 * doomed -- which connections are a container's, and so go with --reset.
 *
 * TCP in every state in which there is a peer, and UDP that has one.  Not what
 * listens, because it is no connection; not what stays inside (loopback, or to
 * its own address); not what a process of somebody else holds.
 *
 * Source: sock_diag(7); linux/inet_diag.h; kernel net/ipv4/inet_diag.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <linux/inet_diag.h>

#include "contain/cut/spaces.h"
#include "firn/err.h"
#include "firn/target.h"

/* So many at once are written down and destroyed; the rest next time. */
#define FIRN_DOOMED_MAX 2048

struct firn_doomed {
	uint8_t family, protocol, state;
	struct inet_diag_sockid id;
	uint32_t inode, receive_bytes, send_bytes;
	size_t space; /* of doomed_list */
};

/* One of its network namespaces, and a way to ask in it. */
struct firn_doomed_space {
	uint64_t netns;
	int netns_fd, diag_fd;
	bool own; /* whatever nobody else holds there is the container's */
};

/* Starts as `{ 0 }`. */
struct firn_doomed_list {
	struct firn_doomed *items;
	size_t n, left_out;
	struct firn_doomed_space spaces[FIRN_SPACES];
	size_t n_spaces;
};

/*
 * firn_doomed_find(target, own_netns, ret, err) -- look for them.
 *
 * Those made in its cgroup; those that only its processes hold; and where
 * `own_netns` says that nobody shares its network namespace, there also those
 * that no process holds.  `target->members` is as of the last scan.  Nothing
 * waits for a socket that its owner has locked.  Release with
 * firn_doomed_free().
 */
FIRN_MUST_CHECK int firn_doomed_find(const struct firn_target *target,
				     bool own_netns,
				     struct firn_doomed_list *ret,
				     struct firn_err *err);
void firn_doomed_free(struct firn_doomed_list *list);

/* firn_doomed_has_peer(socket) -- will its end be told to the other side? */
bool firn_doomed_has_peer(const struct firn_doomed *socket);

/* firn_doomed_json(list) -- family, protocol, local, remote, state, inode,
 * receive_queue_bytes, send_queue_bytes of each; a new array. */
json_t *firn_doomed_json(const struct firn_doomed_list *list);

#endif
