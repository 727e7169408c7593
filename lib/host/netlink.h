#ifndef HOST_NETLINK_H
#define HOST_NETLINK_H

/*
 * netlink -- ask the kernel for a whole table, message by message.
 *
 * Sockets come from firn_netns_sockets() in host/netns.h.
 *
 * Source: netlink(7); kernel Documentation/userspace-api/netlink/intro.rst.
 */

#include <stdbool.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "firn/err.h"
#include "firn/host.h"

/* One message of the answer; -1 ends the dump. */
typedef int firn_netlink_fn(const struct nlmsghdr *message, void *arg,
			    struct firn_err *err);

/* How a dump went. */
struct firn_netlink_dumped {
	uint64_t messages;
	bool interrupted;    /* the table changed while it was read */
	struct firn_err why; /* code 0 if it came to its end */
};

/*
 * firn_netlink_dump(fd, request, timeout_ms, each, arg, ret, err) -- send a
 * request and call `each` for every message of the answer.
 *
 * NLM_F_REQUEST, NLM_F_DUMP and a sequence number are set in `request`.  What
 * the kernel refuses, what doesn't come within `timeout_ms` milliseconds and
 * what can't be parsed is `ret->why`; the socket is of no use after that,
 * unless the kernel refused.  Returns -1 only when `each` did.
 */
FIRN_MUST_CHECK int firn_netlink_dump(int fd, struct nlmsghdr *request,
				      unsigned timeout_ms,
				      firn_netlink_fn *each, void *arg,
				      struct firn_netlink_dumped *ret,
				      struct firn_err *err);

/* What the running kernel answers without loading a module for it. */
enum firn_netlink_offer {
	FIRN_OFFERS_SOCK_DIAG,
	FIRN_OFFERS_INET_DIAG,
	FIRN_OFFERS_TCP_DIAG,
	FIRN_OFFERS_UDP_DIAG,
	FIRN_OFFERS_UDPLITE_DIAG,
	FIRN_OFFERS_RAW_DIAG,
	FIRN_OFFERS_SCTP_DIAG,
	FIRN_OFFERS_UNIX_DIAG,
	FIRN_OFFERS_PACKET_DIAG,
	FIRN_OFFERS_NETLINK_DIAG,
	FIRN_OFFERS_NFNETLINK,
	FIRN_OFFERS_CONNTRACK,
	FIRN_OFFERS_NFTABLES,
	FIRN_N_OFFERS
};
extern const char *const firn_netlink_offer_names[FIRN_N_OFFERS];

/*
 * firn_netlink_offers(host, ret, err) -- which of them there are.
 *
 * A request for a family whose code is a module makes the kernel load it: a
 * change of the node, which nobody asked for.  So we look first, in
 * /proc/kallsyms, which lists the functions of what is built in and of what is
 * loaded alike.  Fails when that can't be read (no CONFIG_KALLSYMS).
 *
 * Source: kernel net/core/sock_diag.c and net/netfilter/nfnetlink.c,
 * request_module().
 */
FIRN_MUST_CHECK int firn_netlink_offers(const struct firn_host *host,
					bool ret[FIRN_N_OFFERS],
					struct firn_err *err);

#endif
