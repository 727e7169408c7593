#include "contain/interfaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "contain/sharers.h"
#include "host/netns.h"

int
firn_own_netns(uint64_t *ret, struct firn_err *err)
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st) < 0)
		return firn_err_sys(err, "look at /proc/self/ns/net");
	*ret = st.st_ino;
	return 0;
}

static int
open_netns(const struct firn_target *target, struct firn_err *err)
{
	autoclose int fd = firn_proc_open(target->host, target->init_pid,
					  "ns/net", O_RDONLY, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at /proc/%d/ns/net",
				    target->init_pid);
	if (st.st_ino != target->namespaces.inode[FIRN_NS_NET])
		return firn_err_set(err, ESTALE,
				    "process %d is not in the container's "
				    "network namespace any more",
				    target->init_pid);
	return firn_steal_fd(&fd);
}

/* Does it end outside of the container's namespace?  Devices that only change
 * what goes through another one of the same namespace (bridge, vlan, dummy,
 * tunnels) don't. */
static bool
leads_out(const struct firn_link *link)
{
	if ((link->flags & IFF_LOOPBACK) != 0)
		return false;
	return link->elsewhere || link->kind[0] == '\0' ||
	       strcmp(link->kind, "tun") == 0;
}

/* Both ends must name each other: a number alone may mean another interface in
 * another namespace. */
static bool
are_ends(const struct firn_link *inside, const struct firn_link *outside,
	 int32_t nsid)
{
	return inside->elsewhere && outside->elsewhere && nsid >= 0 &&
	       outside->peer_nsid == nsid && outside->peer == inside->ifindex &&
	       inside->peer == outside->ifindex &&
	       strcmp(inside->kind, outside->kind) == 0;
}

static int
pair_up(const struct firn_link *inside, size_t n_inside,
	const struct firn_link *outside, size_t n_outside, int32_t nsid,
	struct firn_interfaces *ret, struct firn_err *err)
{
	ret->ends = calloc(n_inside + 1, sizeof(*ret->ends));
	if (ret->ends == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < n_inside; i++) {
		struct firn_end *end = &ret->ends[ret->n_ends];

		if (!leads_out(&inside[i]))
			continue;
		end->inside = inside[i];
		for (size_t k = 0; k < n_outside; k++)
			if (are_ends(&inside[i], &outside[k], nsid))
				end->outside = outside[k];
		ret->n_ends++;
	}
	return 0;
}

static int
look_from_both(int netns_fd, int rtnl_fd, struct firn_interfaces *ret,
	       struct firn_err *err)
{
	static const int protocol = NETLINK_ROUTE;
	autofree struct firn_link *inside = NULL, *outside = NULL;
	size_t n_inside, n_outside;
	autoclose int inside_fd = -1;
	int32_t nsid;

	if (firn_netns_sockets(netns_fd, &protocol, 1, &inside_fd, err) < 0)
		return -1;
	if (inside_fd < 0)
		return firn_err_set(err, ENOTSUP, "no rtnetlink there");
	/* The number is there once our own were listed. */
	if (firn_rtnl_links(inside_fd, &inside, &n_inside, err) < 0 ||
	    firn_rtnl_links(rtnl_fd, &outside, &n_outside, err) < 0 ||
	    firn_rtnl_nsid(rtnl_fd, netns_fd, &nsid, err) < 0)
		return -1;
	return pair_up(inside, n_inside, outside, n_outside, nsid, ret, err);
}

/* The host's is the one of its first process; ours, unless firn itself runs in
 * a container. */
static bool
is_hosts(const struct firn_target *target, uint64_t own)
{
	uint64_t netns = target->namespaces.inode[FIRN_NS_NET];
	struct firn_namespaces host;
	struct firn_err ignored;

	return netns == own ||
	       (firn_proc_namespaces(target->host, 1, &host, &ignored) == 0 &&
		host.inode[FIRN_NS_NET] == netns);
}

int
firn_interfaces_find(const struct firn_target *target, int rtnl_fd,
		     struct firn_interfaces *ret, struct firn_err *err)
{
	autodone(firn_interfaces_free) struct firn_interfaces found = { 0 };
	autoclose int netns_fd = open_netns(target, err);

	if (netns_fd < 0 || firn_own_netns(&found.netns, err) < 0)
		return -1;
	found.is_ours = is_hosts(target, found.netns);
	if (!found.is_ours &&
	    (look_from_both(netns_fd, rtnl_fd, &found, err) < 0 ||
	     firn_sharers_find(target, found.outsiders,
			       sizeof(found.outsiders) /
				       sizeof(found.outsiders[0]),
			       &found.n_outsiders, err) < 0))
		return -1;
	*ret = found;
	found = (struct firn_interfaces){ 0 };
	return 0;
}

void
firn_interfaces_free(struct firn_interfaces *interfaces)
{
	free(interfaces->ends);
	*interfaces = (struct firn_interfaces){ 0 };
}
