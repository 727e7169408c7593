#include "contain/cut/interfaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "host/netns.h"

/* What stays in its namespace, unless it says that its other end is elsewhere.
 * A wireguard sends through the namespace that it was made in, and a tap is
 * read by whoever holds it: those are none of these. */
static const char *const stay[] = {
	"bridge", "bond",   "team",      "dummy",     "ifb",     "nlmon",
	"vlan",   "vrf",    "veth",      "netkit",    "macvlan", "ipvlan",
	"macsec", "hsr",    "vxlan",     "geneve",    "gre",     "gretap",
	"erspan", "ip6gre", "ip6gretap", "ip6erspan", "ipip",    "sit",
	"ip6tnl", "vti",    "vti6",      "xfrm",      "vcan",
};

static bool
leads_out(const struct firn_link *link)
{
	if ((link->flags & IFF_LOOPBACK) != 0)
		return false;
	if (link->elsewhere)
		return true;
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		if (strcmp(link->kind, stay[i]) == 0)
			return false;
	return true;
}

/* How the two namespaces number each other; -1 for not at all. */
struct numbers {
	int32_t theirs, ours;
};

/* Both ends must name each other: a number alone may mean another interface in
 * another namespace. */
static bool
are_ends(const struct firn_link *inside, const struct firn_link *outside,
	 const struct numbers *numbers)
{
	return inside->elsewhere && outside->elsewhere &&
	       numbers->theirs >= 0 && outside->peer_nsid == numbers->theirs &&
	       outside->peer == inside->ifindex &&
	       inside->peer == outside->ifindex &&
	       strcmp(inside->kind, outside->kind) == 0;
}

static bool
is_parent(const struct firn_link *inside, const struct firn_link *outside,
	  const struct numbers *numbers)
{
	return inside->elsewhere && numbers->ours >= 0 &&
	       inside->peer_nsid == numbers->ours &&
	       inside->peer == outside->ifindex &&
	       strcmp(inside->kind, outside->kind) != 0;
}

static int
pair_up(const struct firn_link *inside, size_t n_inside,
	const struct firn_link *outside, size_t n_outside,
	const struct numbers *numbers, struct firn_interfaces *ret,
	struct firn_err *err)
{
	ret->ends = calloc(n_inside + 1, sizeof(*ret->ends));
	if (ret->ends == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < n_inside; i++) {
		struct firn_end *end = &ret->ends[ret->n_ends];

		if (!leads_out(&inside[i]))
			continue;
		end->inside = inside[i];
		for (size_t k = 0; k < n_outside; k++) {
			if (are_ends(&inside[i], &outside[k], numbers))
				end->outside = outside[k];
			else if (is_parent(&inside[i], &outside[k], numbers))
				end->parent = outside[k];
		}
		ret->n_ends++;
	}
	return 0;
}

int
firn_interfaces_find(int netns_fd, int rtnl_fd, struct firn_interfaces *ret,
		     struct firn_err *err)
{
	static const int protocol = NETLINK_ROUTE;
	autofree struct firn_link *inside = NULL, *outside = NULL;
	autoclose int inside_fd = -1, own_fd = -1;
	size_t n_inside, n_outside;
	struct numbers numbers;

	own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own_fd < 0)
		return firn_err_sys(err, "open /proc/self/ns/net");
	if (firn_netns_sockets(netns_fd, &protocol, 1, &inside_fd, err) < 0)
		return -1;
	if (inside_fd < 0)
		return firn_err_set(err, ENOTSUP, "no rtnetlink there");
	/* The numbers are there once the interfaces were listed. */
	if (firn_rtnl_links(inside_fd, &inside, &n_inside, err) < 0 ||
	    firn_rtnl_links(rtnl_fd, &outside, &n_outside, err) < 0 ||
	    firn_rtnl_nsid(rtnl_fd, netns_fd, &numbers.theirs, err) < 0 ||
	    firn_rtnl_nsid(inside_fd, own_fd, &numbers.ours, err) < 0)
		return -1;
	ret->knows_ours = numbers.ours >= 0;
	return pair_up(inside, n_inside, outside, n_outside, &numbers, ret,
		       err);
}

void
firn_interfaces_free(struct firn_interfaces *interfaces)
{
	free(interfaces->ends);
	*interfaces = (struct firn_interfaces){ 0 };
}
