#include "collect/network.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/collectors.h"

/*
 * The order is that of how soon a thing is lost: sockets, then what the kernel
 * remembers of packets, then what somebody has configured.
 */

static const struct member {
	const char *path, *source, *meaning;
} members[FIRN_N_NET_MEMBERS] = {
	[FIRN_NET_SOCKETS] = { "data/network/sockets.jsonl",
			       "NETLINK_SOCK_DIAG, /proc/PID/net",
			       "sock_diag(7), proc_pid_net(5)" },
	[FIRN_NET_QUEUES] = { "data/network/queues.jsonl",
			      "pidfd_getfd, MSG_PEEK, TCP_REPAIR",
			      "recv(2), unix(7), tcp(7)" },
	[FIRN_NET_DISAGREEMENTS] = { "data/network/disagreements.jsonl",
				     "NETLINK_SOCK_DIAG, /proc/PID/net, "
				     "/proc/PID/fd",
				     "sock_diag(7), proc_pid_net(5)" },
	[FIRN_NET_INTERFACES] = { "data/network/interfaces.jsonl",
				  "NETLINK_ROUTE RTM_GETLINK", "rtnetlink(7)" },
	[FIRN_NET_ADDRESSES] = { "data/network/addresses.jsonl",
				 "NETLINK_ROUTE RTM_GETADDR", "rtnetlink(7)" },
	[FIRN_NET_ROUTES] = { "data/network/routes.jsonl",
			      "NETLINK_ROUTE RTM_GETROUTE", "rtnetlink(7)" },
	[FIRN_NET_RULES] = { "data/network/rules.jsonl",
			     "NETLINK_ROUTE RTM_GETRULE", "rtnetlink(7)" },
	[FIRN_NET_NEIGHBOURS] = { "data/network/neighbours.jsonl",
				  "NETLINK_ROUTE RTM_GETNEIGH",
				  "rtnetlink(7)" },
	[FIRN_NET_QDISCS] = { "data/network/qdiscs.jsonl",
			      "NETLINK_ROUTE RTM_GETQDISC", "rtnetlink(7)" },
	[FIRN_NET_CONNTRACK] = { "data/network/conntrack.jsonl",
				 "NETLINK_NETFILTER IPCTNL_MSG_CT_GET",
				 "linux/netfilter/nfnetlink_conntrack.h" },
	[FIRN_NET_FIREWALL] = { "data/network/firewall.jsonl",
				"NETLINK_NETFILTER NFT_MSG_GETRULE",
				"linux/netfilter/nf_tables.h" },
};

static void
network_free(struct firn_network *network)
{
	firn_network_views_close(network);
	free(network->owners.items);
	firn_inodes_free(&network->seen);
	firn_inodes_free(&network->peers);
	json_decref(network->addresses);
	for (size_t i = 0; i < FIRN_N_NET_MEMBERS; i++)
		firn_spool_free(&network->spools[i]);
}

/* Without its list of symbols the kernel is asked for nothing that could make
 * it load a module. */
static void
look_for_offers(struct firn_network *network)
{
	struct firn_err why = { 0 };

	if (firn_netlink_offers(network->target->host, network->offers, &why) <
	    0) {
		firn_network_gap(network,
				 "sock_diag, tracked connections and "
				 "nf_tables",
				 &why);
	}
}

static int
read_view(struct firn_network *network, struct firn_network_view *view,
	  struct firn_err *err)
{
	if (firn_network_sockets(network, view, err) < 0)
		return -1;
	/* Of the host's only what the target has of it. */
	if (view->restricted)
		return 0;
	if (firn_network_links(network, view, err) < 0 ||
	    firn_network_conntrack(network, view, err) < 0 ||
	    firn_network_files(network, view, err) < 0)
		return -1;
	return firn_network_firewall(network, view, err);
}

/* Those that processes are in, then those that only a socket leads to. */
static int
read_views(struct firn_network *network, struct firn_err *err)
{
	size_t done = 0;

	for (; done < network->n_views; done++) {
		if (read_view(network, &network->views[done], err) < 0)
			return -1;
	}
	if (firn_network_unlisted(network, true, err) < 0)
		return -1;
	for (; done < network->n_views; done++) {
		if (read_view(network, &network->views[done], err) < 0)
			return -1;
	}
	return firn_network_unlisted(network, false, err);
}

/* What the host remembers of the target's connections. */
static int
read_host(struct firn_network *network, struct firn_err *err)
{
	struct firn_err why = { 0 };
	int view;

	if (json_object_size(network->addresses) == 0)
		return 0;
	view = firn_network_host(network, &why);
	if (view < 0) {
		firn_network_gap(network, "the host's tracked connections",
				 &why);
		return 0;
	}
	return firn_network_conntrack(network, &network->views[view], err);
}

static json_t *
view_json(const struct firn_network_view *view)
{
	json_t *json = json_object(), *ours = json_array();

	firn_json_uint(json, "netns", view->inode);
	json_object_set_new(json, "own", json_boolean(view->own));
	json_object_set_new(json, "host", json_boolean(view->host));
	json_object_set_new(json, "only_what_the_target_holds",
			    json_boolean(view->restricted));
	json_object_set_new(json, "entered", json_boolean(view->route_fd >= 0));
	json_object_set(json, "pids", view->pids);
	/* They stand in the raw files, and nowhere else. */
	for (size_t i = 0; i < FIRN_VIEW_SOCKETS; i++) {
		if (view->inodes[i] != 0) {
			json_array_append_new(
				ours,
				json_integer((json_int_t)view->inodes[i]));
		}
	}
	json_object_set_new(json, "sockets_of_firn", ours);
	if (view->restricted)
		firn_json_uint(json, "sockets_not_taken", view->not_taken);
	return json;
}

static int
write_summary(const struct firn_network *network, struct firn_err *err)
{
	static const struct firn_member_source source = {
		"network", "/proc/PID/task/TID/ns/net, /proc/kallsyms",
		"network_namespaces(7)"
	};
	autojson json_t *summary = json_object();
	json_t *views = json_array(), *offers = json_object();

	for (size_t i = 0; i < network->n_views; i++)
		json_array_append_new(views, view_json(&network->views[i]));
	/* What was not there was not asked for: no module was loaded. */
	for (size_t i = 0; i < FIRN_N_OFFERS; i++)
		json_object_set_new(offers, firn_netlink_offer_names[i],
				    json_boolean(network->offers[i]));
	json_object_set_new(summary, "namespaces", views);
	json_object_set_new(summary, "kernel_has", offers);
	return firn_archive_json(network->archive,
				 "data/network/namespaces.json", summary,
				 &source, err);
}

/* All of them, also those with nothing in them: nothing is an answer too. */
static int
write_members(const struct firn_network *network, struct firn_err *err)
{
	for (size_t i = 0; i < FIRN_N_NET_MEMBERS; i++) {
		const struct firn_member_source source = { "network",
							   members[i].source,
							   members[i].meaning };

		if (firn_archive_spool(network->archive, members[i].path,
				       &network->spools[i], &source, err) < 0)
			return -1;
	}
	return write_summary(network, err);
}

static int
collect(const struct firn_target *target, const struct firn_collection *what,
	struct firn_archive *archive, struct firn_err *err)
{
	autodone(network_free) struct firn_network network = {
		.target = target,
		.archive = archive,
		.leave = what->queues,
		.addresses = json_object(),
	};

	for (size_t i = 0; i < FIRN_N_NET_MEMBERS; i++)
		network.spools[i] = firn_spool_init(AT_FDCWD);
	look_for_offers(&network);
	if (firn_network_owners(&network, err) < 0 ||
	    firn_network_views(&network, err) < 0 ||
	    read_views(&network, err) < 0 ||
	    firn_network_peers(&network, err) < 0 ||
	    (!what->facts_only && firn_network_queues(&network, err) < 0) ||
	    read_host(&network, err) < 0)
		return -1;
	return write_members(&network, err);
}

const struct firn_collector firn_collect_network = {
	.name = "network",
	.summary = "sockets and who holds them, interfaces, routes, "
		   "neighbours, tracked connections, firewall",
	.source = "sock_diag(7), rtnetlink(7), proc_pid_net(5)",
	.volatility = FIRN_LOST_IN_SECONDS,
	.collect = collect,
};
