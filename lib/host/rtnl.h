#ifndef HOST_RTNL_H
#define HOST_RTNL_H

/*
 * rtnl -- interfaces, as the kernel's rtnetlink has them.
 *
 * A descriptor looks into the network namespace that it was made in; one for
 * another namespace comes from host/netns.h.
 *
 * Source: rtnetlink(7), netlink(7), linux/if_link.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>
#include <net/if.h>

#include "firn/err.h"

struct firn_link {
	uint32_t ifindex;
	char name[IFNAMSIZ]; /* raw: the suspect may have chosen it */
	char kind[16];       /* "veth", "bridge", "macvlan"; "" for a card */
	uint32_t flags;      /* IFF_UP, IFF_LOOPBACK, ... */
	uint16_t type;       /* ARPHRD_ETHER, ... of linux/if_arp.h */
	uint32_t peer;     /* IFLA_LINK: of a veth, the other end; 0 if none */
	bool elsewhere;    /* that one is in another network namespace */
	int32_t peer_nsid; /* which, as ours numbers them; -1 if unknown */
	uint32_t tx_queue_len; /* frames */
	unsigned char address[32];
	size_t address_len;
};

/* firn_rtnl_open(err) -- a NETLINK_ROUTE socket here, for the caller to
 * close(2). */
FIRN_MUST_CHECK int firn_rtnl_open(struct firn_err *err);

/*
 * firn_rtnl_links(fd, ret, ret_n, err) -- all interfaces.
 *
 * `*ret` is for the caller to free(3).  A dump that the kernel interrupted
 * three times is EINTR; an answer that takes more than 2 s is EAGAIN.
 */
FIRN_MUST_CHECK int firn_rtnl_links(int fd, struct firn_link **ret,
				    size_t *ret_n, struct firn_err *err);

/* firn_rtnl_nsid(fd, netns_fd, ret, err) -- the number by which the namespace
 * of `fd` knows another one; -1 if it has none. */
FIRN_MUST_CHECK int firn_rtnl_nsid(int fd, int netns_fd, int32_t *ret,
				   struct firn_err *err);

/*
 * firn_rtnl_dump(fd, request, each, arg, err) -- ask, and look at each answer.
 *
 * `request` is a whole message with type and payload; flags and sequence are
 * set here.  `each` returns 0, or -1 with `err` set.  An interrupted dump
 * begins again from the first: `restart` is told so first, unless NULL.
 */
struct firn_rtnl_reader {
	int (*each)(const struct nlmsghdr *answer, void *arg,
		    struct firn_err *err);
	void (*restart)(void *arg);
	void *arg;
};
FIRN_MUST_CHECK int firn_rtnl_dump(int fd, struct nlmsghdr *request,
				   const struct firn_rtnl_reader *reader,
				   struct firn_err *err);

/* firn_rtnl_ask(fd, request, flags, err) -- send one message and wait for the
 * kernel's word on it; `flags` are those beyond NLM_F_REQUEST|NLM_F_ACK. */
FIRN_MUST_CHECK int firn_rtnl_ask(int fd, struct nlmsghdr *request,
				  uint16_t flags, struct firn_err *err);

/* firn_rtnl_attr(message, header_size, type) -- an attribute behind the fixed
 * part of a message; NULL if there is none.  Nested ones likewise. */
const struct nlattr *firn_rtnl_attr(const struct nlmsghdr *message,
				    size_t header_size, uint16_t type);
const struct nlattr *firn_rtnl_nested(const struct nlattr *nest, uint16_t type);

/* firn_rtnl_text(attr), firn_rtnl_number(attr) -- "" and 0 for NULL, and for
 * what isn't a text or a number of 32 bits. */
const char *firn_rtnl_text(const struct nlattr *attr);
uint32_t firn_rtnl_number(const struct nlattr *attr);

#endif
