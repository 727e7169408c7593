/*
 * Where others use the interfaces too.
 *
 * What comes in for the container's sockets is the cgroup programs' work; what
 * a packet socket of its hears, nothing but a freeze stops.
 */

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/cut_interfaces.h"
#include "contain/cut/cut_stopgap.h"

#define COVERS                                                              \
	"every frame that sockets of its cgroup send there, raw ones too, " \
	"and "                                                              \
	"no others"

/* Why programs that only know sockets need a cgroup v2 of its own. */
static bool
has_cgroup(const struct firn_room *room)
{
	if (room->cut->cgroup_holds)
		return true;
	firn_cut_without(room->cut, firn_method_own.name,
			 "its sockets can't be told from others' without a "
			 "cgroup v2 of its own that was cut");
	return false;
}

int
firn_cut_own(const struct firn_room *room, const struct firn_link *link,
	     const char *sides, struct firn_err *err)
{
	const struct firn_method *const *methods = room->methods;
	struct firn_place place = {
		.on = link->name,
		.covers = COVERS,
		.cgroup = &room->cut->target->v2,
		.link = link,
		.sides = sides,
		.netns_fd = -1,
	};
	int done = 0;

	if (!has_cgroup(room))
		return 0;
	for (; done == 0 && *methods != NULL; methods++) {
		autojson json_t *details = json_object();

		place.details = details;
		if ((*methods)->own)
			done = firn_cut_with(room->cut, *methods, &place, err);
	}
	return done;
}

static int
own_from_inside(const struct firn_room *room, const struct firn_link *link,
		struct firn_err *err)
{
	autojson json_t *details = json_object();
	struct firn_place place = {
		.on = link->name,
		.covers = COVERS,
		.cgroup = &room->cut->target->v2,
		.link = link,
		.netns_fd = room->netns_fd,
		.netns = room->space->inode,
		.details = details,
	};

	if (!has_cgroup(room))
		return 0;
	return firn_cut_with(room->cut, &firn_method_inside, &place, err);
}

/* As the frames come to us: in by the host's end, through the parent, or not at
 * all, and then from inside. */
static int
cut_end(const struct firn_room *room, const struct firn_end *end,
	struct firn_err *err)
{
	char name[96];
	int done;

	if (end->outside.ifindex != 0)
		done = firn_cut_own(room, &end->outside, "ingress", err);
	else if (end->parent.ifindex != 0)
		done = firn_cut_own(room, &end->parent, "both", err);
	else
		done = own_from_inside(room, &end->inside, err);
	if (done < 0)
		return -1;
	firn_end_name(room, end, name, sizeof(name));
	if (done == 0)
		firn_leave_open(room->cut, name, "no method could be used");
	else if (end->outside.ifindex == 0 && end->parent.ifindex == 0 &&
		 room->powers->raw)
		firn_cut_open(room->cut,
			      "%s: raw frames that it sends past the queueing "
			      "discipline (PACKET_QDISC_BYPASS, AF_XDP); none "
			      "while it is frozen",
			      name);
	return 0;
}

static void
name_forwarding(const struct firn_room *room, const char *where)
{
	if (room->powers->admin)
		firn_cut_open(room->cut,
			      "%s: what it makes the kernel forward "
			      "(CAP_NET_ADMIN)",
			      where);
}

int
firn_cut_shared(const struct firn_room *room,
		const struct firn_interfaces *interfaces, struct firn_err *err)
{
	static const char where[] = "the network namespace that it shares";

	for (size_t i = 0; i < interfaces->n_ends; i++) {
		const struct firn_end *end = &interfaces->ends[i];

		if (cut_end(room, end, err) < 0 ||
		    firn_cut_is_shared(room->cut, &end->outside, err) < 0)
			return -1;
	}
	if (room->powers->raw)
		firn_cut_open(room->cut,
			      "%s: frames that its packet sockets receive "
			      "(CAP_NET_RAW)",
			      where);
	name_forwarding(room, where);
	return 0;
}

/* Cards first: they lead away from this host. */
static int
by_reach(const void *a, const void *b)
{
	const struct firn_link *left = a, *right = b;
	bool card = left->kind[0] == '\0', other = right->kind[0] == '\0';

	if (card != other)
		return card ? -1 : 1;
	return left->ifindex < right->ifindex ? -1 : 1;
}

/* Frames past the queueing discipline meet no program of ours.  netfilter's
 * egress hook sees those of PACKET_QDISC_BYPASS (Linux 5.16), but there nothing
 * tells whose they are; those of AF_XDP meet nothing at all.  Source: kernel
 * net/packet/af_packet.c, packet_direct_xmit(); net/xdp/xsk.c,
 * xsk_generic_xmit(); net/netfilter/nft_socket.c, nft_socket_init(). */
static void
name_hosts_rest(const struct firn_room *room)
{
	static const char where[] = "the host's network namespace";

	if (room->powers->raw)
		firn_cut_open(room->cut,
			      "%s: frames that its packet sockets receive, and "
			      "raw frames that it sends on interfaces made "
			      "from now on, or past the queueing discipline "
			      "(PACKET_QDISC_BYPASS, AF_XDP): it has "
			      "CAP_NET_RAW, and sends none while it is frozen",
			      where);
	name_forwarding(room, where);
	if (room->powers->bpf)
		firn_cut_open(room->cut,
			      "%s: it may put BPF programs of its own before "
			      "these (CAP_BPF)",
			      where);
}

/* Packets of its sockets are cut by the cgroup already: these are for the raw
 * ones, which need CAP_NET_RAW. */
int
firn_cut_hosts(const struct firn_room *room, struct firn_err *err)
{
	autofree struct firn_link *links = NULL;
	struct firn_err why = { 0 };
	size_t n = 0;

	if (firn_rtnl_links(room->cut->rtnl_fd, &links, &n, &why) < 0) {
		firn_leave_open(room->cut, "the host's interfaces", why.text);
		return 0;
	}
	qsort(links, n, sizeof(*links), by_reach);
	for (size_t i = 0; i < n; i++) {
		int done;

		if ((links[i].flags & IFF_LOOPBACK) != 0 &&
		    !room->cut->how->cut_loopback)
			continue;
		done = firn_cut_own(room, &links[i], "egress", err);
		if (done < 0)
			return -1;
		if (done == 0)
			firn_leave_open(room->cut, links[i].name,
					"no method could be used");
	}
	name_hosts_rest(room);
	return 0;
}
