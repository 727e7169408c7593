#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/json.h"
#include "collect/network.h"
#include "host/netlink_json.h"

/*
 * network_links -- interfaces, addresses, routes, rules, neighbours.
 *
 * Source: rtnetlink(7).
 */

#define DUMP_MAX_MS 5000

static const struct firn_attribute link_kind[] = {
	{ IFLA_INFO_KIND, FIRN_ATTR_TEXT, "kind" },
	{ IFLA_INFO_DATA, FIRN_ATTR_HEX, "data" },
	{ IFLA_INFO_XSTATS, FIRN_ATTR_HEX, "statistics" },
	{ IFLA_INFO_SLAVE_KIND, FIRN_ATTR_TEXT, "port_kind" },
	{ IFLA_INFO_SLAVE_DATA, FIRN_ATTR_HEX, "port_data" },
	{ 0 },
};

static const struct firn_attribute link_xdp[] = {
	{ IFLA_XDP_ATTACHED, FIRN_ATTR_UINT, "attached" },
	{ IFLA_XDP_FLAGS, FIRN_ATTR_UINT, "flags" },
	{ IFLA_XDP_PROG_ID, FIRN_ATTR_UINT, "program_id" },
	{ IFLA_XDP_DRV_PROG_ID, FIRN_ATTR_UINT, "driver_program_id" },
	{ IFLA_XDP_SKB_PROG_ID, FIRN_ATTR_UINT, "generic_program_id" },
	{ IFLA_XDP_HW_PROG_ID, FIRN_ATTR_UINT, "hardware_program_id" },
	{ 0 },
};

static const struct firn_attribute link_names[] = {
	{ IFLA_ALT_IFNAME, FIRN_ATTR_TEXT, "name" },
	{ 0 },
};

static const struct firn_attribute links[] = {
	{ IFLA_ADDRESS, FIRN_ATTR_HARDWARE, "address" },
	{ IFLA_BROADCAST, FIRN_ATTR_HARDWARE, "broadcast" },
	{ IFLA_PERM_ADDRESS, FIRN_ATTR_HARDWARE, "permanent_address" },
	{ IFLA_IFNAME, FIRN_ATTR_TEXT, "name" },
	{ IFLA_IFALIAS, FIRN_ATTR_TEXT, "alias" },
	{ IFLA_PROP_LIST, FIRN_ATTR_NESTED, "other_names", link_names },
	{ IFLA_MTU, FIRN_ATTR_UINT, "mtu" },
	{ IFLA_LINK, FIRN_ATTR_INT, "peer_index" },
	{ IFLA_LINK_NETNSID, FIRN_ATTR_INT, "peer_netns_id" },
	{ IFLA_MASTER, FIRN_ATTR_UINT, "master" },
	{ IFLA_QDISC, FIRN_ATTR_TEXT, "qdisc" },
	{ IFLA_TXQLEN, FIRN_ATTR_UINT, "transmit_queue" },
	{ IFLA_OPERSTATE, FIRN_ATTR_UINT, "operational_state" },
	{ IFLA_LINKMODE, FIRN_ATTR_UINT, "link_mode" },
	{ IFLA_GROUP, FIRN_ATTR_UINT, "group" },
	{ IFLA_PROMISCUITY, FIRN_ATTR_UINT, "promiscuity" },
	{ IFLA_CARRIER, FIRN_ATTR_UINT, "carrier" },
	{ IFLA_CARRIER_CHANGES, FIRN_ATTR_UINT, "carrier_changes" },
	{ IFLA_LINKINFO, FIRN_ATTR_NESTED, "kind", link_kind },
	{ IFLA_XDP, FIRN_ATTR_NESTED, "xdp", link_xdp },
	{ IFLA_PARENT_DEV_NAME, FIRN_ATTR_TEXT, "parent_device" },
	{ 0 },
};

static const struct firn_attribute addresses[] = {
	{ IFA_ADDRESS, FIRN_ATTR_ADDRESS, "address" },
	{ IFA_LOCAL, FIRN_ATTR_ADDRESS, "local" },
	{ IFA_LABEL, FIRN_ATTR_TEXT, "label" },
	{ IFA_BROADCAST, FIRN_ATTR_ADDRESS, "broadcast" },
	{ IFA_FLAGS, FIRN_ATTR_UINT, "flags" },
	{ IFA_CACHEINFO, FIRN_ATTR_HEX, "lifetimes" },
	{ IFA_PROTO, FIRN_ATTR_UINT, "origin" },
	{ 0 },
};

static const struct firn_attribute routes[] = {
	{ RTA_DST, FIRN_ATTR_ADDRESS, "destination" },
	{ RTA_SRC, FIRN_ATTR_ADDRESS, "source" },
	{ RTA_IIF, FIRN_ATTR_UINT, "input_interface" },
	{ RTA_OIF, FIRN_ATTR_UINT, "interface" },
	{ RTA_GATEWAY, FIRN_ATTR_ADDRESS, "gateway" },
	{ RTA_PRIORITY, FIRN_ATTR_UINT, "metric" },
	{ RTA_PREFSRC, FIRN_ATTR_ADDRESS, "preferred_source" },
	{ RTA_TABLE, FIRN_ATTR_UINT, "table" },
	{ RTA_MARK, FIRN_ATTR_UINT, "mark" },
	{ RTA_PREF, FIRN_ATTR_UINT, "preference" },
	{ 0 },
};

static const struct firn_attribute rules[] = {
	{ FRA_DST, FIRN_ATTR_ADDRESS, "destination" },
	{ FRA_SRC, FIRN_ATTR_ADDRESS, "source" },
	{ FRA_IIFNAME, FIRN_ATTR_TEXT, "input_interface" },
	{ FRA_OIFNAME, FIRN_ATTR_TEXT, "output_interface" },
	{ FRA_PRIORITY, FIRN_ATTR_UINT, "priority" },
	{ FRA_FWMARK, FIRN_ATTR_UINT, "mark" },
	{ FRA_FWMASK, FIRN_ATTR_UINT, "mark_mask" },
	{ FRA_TABLE, FIRN_ATTR_UINT, "table" },
	{ FRA_GOTO, FIRN_ATTR_UINT, "goto" },
	{ FRA_SUPPRESS_PREFIXLEN, FIRN_ATTR_INT, "suppress_prefix" },
	{ FRA_PROTOCOL, FIRN_ATTR_UINT, "origin" },
	{ FRA_IP_PROTO, FIRN_ATTR_UINT, "ip_protocol" },
	{ 0 },
};

static const struct firn_attribute neighbours[] = {
	{ NDA_DST, FIRN_ATTR_ADDRESS, "address" },
	{ NDA_LLADDR, FIRN_ATTR_HARDWARE, "hardware_address" },
	{ NDA_PROBES, FIRN_ATTR_UINT, "probes" },
	{ NDA_VLAN, FIRN_ATTR_UINT, "vlan" },
	{ NDA_MASTER, FIRN_ATTR_UINT, "master" },
	{ NDA_PROTOCOL, FIRN_ATTR_UINT, "origin" },
	{ 0 },
};

static const struct firn_attribute qdiscs[] = {
	{ TCA_KIND, FIRN_ATTR_TEXT, "kind" },
	{ 0 },
};

static void
set_family(json_t *line, unsigned family)
{
	if (family == AF_INET || family == AF_INET6)
		firn_json_text(line, "family",
			       family == AF_INET ? "inet" : "inet6");
	else
		json_object_set_new(line, "family", json_integer(family));
}

static void
set_uint(json_t *line, const char *key, unsigned value)
{
	json_object_set_new(line, key, json_integer(value));
}

/* struct rtnl_link_stats64, as far as it says how much went where. */
static void
set_statistics(json_t *line, const void *attributes, size_t len)
{
	static const char *const names[] = {
		"received_packets", "sent_packets",    "received_bytes",
		"sent_bytes",       "received_errors", "sent_errors",
		"received_dropped", "sent_dropped",    "multicast",
	};
	const struct nlattr *attr = NULL;
	json_t *statistics;

	while ((attr = firn_netlink_attr(attributes, len, attr)) != NULL) {
		const char *bytes = mnl_attr_get_payload(attr);

		if (mnl_attr_get_type(attr) != IFLA_STATS64)
			continue;
		statistics = json_object();
		for (size_t i = 0;
		     i < sizeof(names) / sizeof(names[0]) &&
		     8 * (i + 1) <= mnl_attr_get_payload_len(attr);
		     i++) {
			uint64_t value;

			memcpy(&value, bytes + 8 * i, sizeof(value));
			firn_json_uint(statistics, names[i], value);
		}
		json_object_set_new(line, "traffic", statistics);
	}
}

/* struct nda_cacheinfo, in clock ticks of 1/100 s. */
static void
set_ages(json_t *line, const void *attributes, size_t len)
{
	const struct nlattr *attr = NULL;

	while ((attr = firn_netlink_attr(attributes, len, attr)) != NULL) {
		const struct nda_cacheinfo *info = mnl_attr_get_payload(attr);

		if (mnl_attr_get_type(attr) != NDA_CACHEINFO ||
		    mnl_attr_get_payload_len(attr) < sizeof(*info))
			continue;
		firn_json_uint(line, "confirmed_ms_ago",
			       10ull * info->ndm_confirmed);
		firn_json_uint(line, "used_ms_ago", 10ull * info->ndm_used);
		firn_json_uint(line, "updated_ms_ago",
			       10ull * info->ndm_updated);
		json_object_del(line, "attribute_3");
	}
}

/* What stands before the attributes. */
static void
set_header(json_t *line, int member, const void *header)
{
	const struct ifinfomsg *link = header;
	const struct ifaddrmsg *address = header;
	const struct rtmsg *route = header;
	const struct fib_rule_hdr *rule = header;
	const struct ndmsg *neighbour = header;
	const struct tcmsg *qdisc = header;

	switch (member) {
	case FIRN_NET_INTERFACES:
		json_object_set_new(line, "index",
				    json_integer(link->ifi_index));
		set_uint(line, "hardware_type", link->ifi_type);
		set_uint(line, "flags", link->ifi_flags);
		json_object_set_new(line, "up",
				    json_boolean(link->ifi_flags & 1));
		json_object_set_new(line, "promiscuous",
				    json_boolean(link->ifi_flags & 0x100));
		break;
	case FIRN_NET_ADDRESSES:
		set_family(line, address->ifa_family);
		set_uint(line, "interface", address->ifa_index);
		set_uint(line, "prefix", address->ifa_prefixlen);
		set_uint(line, "scope", address->ifa_scope);
		break;
	case FIRN_NET_ROUTES:
		set_family(line, route->rtm_family);
		set_uint(line, "destination_prefix", route->rtm_dst_len);
		set_uint(line, "source_prefix", route->rtm_src_len);
		set_uint(line, "tos", route->rtm_tos);
		set_uint(line, "origin", route->rtm_protocol);
		set_uint(line, "scope", route->rtm_scope);
		set_uint(line, "kind", route->rtm_type);
		set_uint(line, "flags", route->rtm_flags);
		break;
	case FIRN_NET_RULES:
		set_family(line, rule->family);
		set_uint(line, "destination_prefix", rule->dst_len);
		set_uint(line, "source_prefix", rule->src_len);
		set_uint(line, "action", rule->action);
		set_uint(line, "flags", rule->flags);
		break;
	case FIRN_NET_NEIGHBOURS:
		set_family(line, neighbour->ndm_family);
		json_object_set_new(line, "interface",
				    json_integer(neighbour->ndm_ifindex));
		set_uint(line, "state", neighbour->ndm_state);
		set_uint(line, "flags", neighbour->ndm_flags);
		set_uint(line, "kind", neighbour->ndm_type);
		break;
	default:
		json_object_set_new(line, "interface",
				    json_integer(qdisc->tcm_ifindex));
		set_uint(line, "handle", qdisc->tcm_handle);
		set_uint(line, "parent", qdisc->tcm_parent);
		break;
	}
}

struct question {
	uint16_t request;
	uint16_t answer;
	size_t header_size;
	enum firn_network_member member;
	unsigned char family;
	const struct firn_attribute *table;
	const char *what;
};

static const struct question questions[] = {
	{ RTM_GETLINK, RTM_NEWLINK, sizeof(struct ifinfomsg),
	  FIRN_NET_INTERFACES, AF_UNSPEC, links, "interfaces" },
	{ RTM_GETADDR, RTM_NEWADDR, sizeof(struct ifaddrmsg),
	  FIRN_NET_ADDRESSES, AF_UNSPEC, addresses, "addresses" },
	{ RTM_GETROUTE, RTM_NEWROUTE, sizeof(struct rtmsg), FIRN_NET_ROUTES,
	  AF_UNSPEC, routes, "routes" },
	{ RTM_GETRULE, RTM_NEWRULE, sizeof(struct fib_rule_hdr), FIRN_NET_RULES,
	  AF_UNSPEC, rules, "rules" },
	{ RTM_GETNEIGH, RTM_NEWNEIGH, sizeof(struct ndmsg), FIRN_NET_NEIGHBOURS,
	  AF_UNSPEC, neighbours, "neighbours" },
	{ RTM_GETNEIGH, RTM_NEWNEIGH, sizeof(struct ndmsg), FIRN_NET_NEIGHBOURS,
	  AF_BRIDGE, neighbours, "bridge ports" },
	{ RTM_GETQDISC, RTM_NEWQDISC, sizeof(struct tcmsg), FIRN_NET_QDISCS,
	  AF_UNSPEC, qdiscs, "queueing disciplines" },
};

/* The target's own, by which its connections are known to the host. */
static void
note_address(struct firn_network_dump *dump, const json_t *line)
{
	const char *text = json_string_value(json_object_get(line, "local"));

	if (text == NULL)
		text = json_string_value(json_object_get(line, "address"));
	if (text == NULL || dump->view->host || strncmp(text, "127.", 4) == 0 ||
	    strcmp(text, "::1") == 0 || strncmp(text, "fe80:", 5) == 0)
		return;
	json_object_set_new(dump->network->addresses, text, json_true());
}

static json_t *
line_of(const struct nlmsghdr *header, struct firn_network_dump *dump)
{
	const struct question *question = dump->arg;
	const char *payload = mnl_nlmsg_get_payload(header);
	size_t len = mnl_nlmsg_get_payload_len(header);
	size_t skip = NLMSG_ALIGN(question->header_size);
	json_t *line;

	if (header->nlmsg_type != question->answer || len < skip)
		return NULL;
	line = json_object();
	set_header(line, (int)question->member, payload);
	firn_netlink_json(line, payload + skip, len - skip, question->table);
	if (question->member == FIRN_NET_INTERFACES)
		set_statistics(line, payload + skip, len - skip);
	if (question->member == FIRN_NET_NEIGHBOURS)
		set_ages(line, payload + skip, len - skip);
	if (question->member == FIRN_NET_ADDRESSES)
		note_address(dump, line);
	return line;
}

static int
ask(struct firn_network *network, struct firn_network_view *view,
    const struct question *question, struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) + 64]
		__attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	unsigned char *family =
		mnl_nlmsg_put_extra_header(header, question->header_size);
	struct firn_network_dump dump = {
		.network = network,
		.view = view,
		.what = question->what,
		.fd = view->route_fd,
		.timeout_ms = DUMP_MAX_MS,
		.member = question->member,
		.line = line_of,
		.arg = question,
		/* A kernel without bridges has no ports of them. */
		.quiet = question->family == AF_BRIDGE,
	};

	header->nlmsg_type = question->request;
	*family = question->family; /* the first byte of each of them */
	return firn_network_dump(&dump, header, err);
}

int
firn_network_links(struct firn_network *network, struct firn_network_view *view,
		   struct firn_err *err)
{
	if (view->route_fd < 0)
		return 0;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (ask(network, view, &questions[i], err) < 0)
			return -1;
	}
	return 0;
}
