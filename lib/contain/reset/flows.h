#ifndef CONTAIN_RESET_FLOWS_H
#define CONTAIN_RESET_FLOWS_H

/*
 * flows -- the container's entries in the kernel's table of tracked
 * connections.
 *
 * Whoever takes one away takes its address translation with it: after that the
 * connection can't go on.
 *
 * Source: linux/netfilter/nfnetlink_conntrack.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "contain/reset/doomed.h"
#include "firn/err.h"

/* So many are written down and taken away at once. */
#define FIRN_FLOWS_MAX 2048

/* An address as on the wire; IPv4 is the first four bytes. */
struct firn_flow_address {
	uint8_t family;
	unsigned char bytes[16];
};

/* Whose: by its addresses, or, where those are the host's too, by what was
 * connected. */
struct firn_flows_wanted {
	struct firn_flow_address *addresses; /* NULL: by `sockets` */
	size_t n_addresses;
	const struct firn_doomed_list *sockets;
};

struct firn_flow_end {
	unsigned char address[16];
	uint16_t port; /* as on the wire */
};

struct firn_flow {
	uint8_t family, protocol;
	struct firn_flow_end from, to;               /* as it was begun */
	struct firn_flow_end answer_from, answer_to; /* as it's answered */
	unsigned char tuple[192]; /* CTA_TUPLE_ORIG, to name it by */
	uint16_t tuple_len;
	uint32_t id;   /* as on the wire; 0 if there is none */
	uint16_t zone; /* likewise */
};

/* Starts as `{ 0 }`. */
struct firn_flows {
	struct firn_flow *items;
	size_t n, left_out;
};

/* firn_flows_addresses(route_fd, ret, err) -- all addresses that a namespace
 * has by itself: not loopback, not link-local ones, which others have too.
 * `route_fd` is a NETLINK_ROUTE socket there; `ret->addresses` is for the
 * caller to free(3), and never NULL. */
FIRN_MUST_CHECK int firn_flows_addresses(int route_fd,
					 struct firn_flows_wanted *ret,
					 struct firn_err *err);

/* firn_flows_find(fd, wanted, ret, err) -- in the namespace that `fd`, a
 * NETLINK_NETFILTER socket, was made in.  Release with firn_flows_free(). */
FIRN_MUST_CHECK int firn_flows_find(int fd,
				    const struct firn_flows_wanted *wanted,
				    struct firn_flows *ret,
				    struct firn_err *err);
void firn_flows_free(struct firn_flows *flows);

/* firn_flows_json(flows) -- protocol, from, to, answer_from, answer_to of each;
 * a new array. */
json_t *firn_flows_json(const struct firn_flows *flows);

/* firn_flows_delete(fd, flows, err) -- how many were there and are not any
 * more; one that had ended by itself is no error. */
FIRN_MUST_CHECK int firn_flows_delete(int fd, const struct firn_flows *flows,
				      struct firn_err *err);

#endif
