#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "base/json.h"
#include "collect/network.h"
#include "host/netlink_json.h"

/*
 * network_conntrack -- connections that the kernel tracks: in the target's
 * namespaces all of them, in the host's those with an address of the target's.
 *
 * An entry outlives its socket, and the host's outlives the container.
 *
 * Source: linux/netfilter/nfnetlink_conntrack.h.
 */

#define DUMP_MAX_MS 20000

static const struct firn_attribute tuple_ip[] = {
	{ CTA_IP_V4_SRC, FIRN_ATTR_ADDRESS, "source" },
	{ CTA_IP_V4_DST, FIRN_ATTR_ADDRESS, "destination" },
	{ CTA_IP_V6_SRC, FIRN_ATTR_ADDRESS, "source" },
	{ CTA_IP_V6_DST, FIRN_ATTR_ADDRESS, "destination" },
	{ 0 },
};

static const struct firn_attribute tuple_protocol[] = {
	{ CTA_PROTO_NUM, FIRN_ATTR_UINT, "ip_protocol" },
	{ CTA_PROTO_SRC_PORT, FIRN_ATTR_BIG, "source_port" },
	{ CTA_PROTO_DST_PORT, FIRN_ATTR_BIG, "destination_port" },
	{ CTA_PROTO_ICMP_ID, FIRN_ATTR_BIG, "icmp_id" },
	{ CTA_PROTO_ICMP_TYPE, FIRN_ATTR_UINT, "icmp_type" },
	{ CTA_PROTO_ICMP_CODE, FIRN_ATTR_UINT, "icmp_code" },
	{ CTA_PROTO_ICMPV6_ID, FIRN_ATTR_BIG, "icmp_id" },
	{ CTA_PROTO_ICMPV6_TYPE, FIRN_ATTR_UINT, "icmp_type" },
	{ CTA_PROTO_ICMPV6_CODE, FIRN_ATTR_UINT, "icmp_code" },
	{ 0 },
};

static const struct firn_attribute tuple[] = {
	{ CTA_TUPLE_IP, FIRN_ATTR_NESTED, "ip", tuple_ip },
	{ CTA_TUPLE_PROTO, FIRN_ATTR_NESTED, "transport", tuple_protocol },
	{ CTA_TUPLE_ZONE, FIRN_ATTR_BIG, "zone" },
	{ 0 },
};

static const struct firn_attribute tcp[] = {
	{ CTA_PROTOINFO_TCP_STATE, FIRN_ATTR_UINT, "state" },
	{ CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, FIRN_ATTR_UINT, "scale" },
	{ CTA_PROTOINFO_TCP_WSCALE_REPLY, FIRN_ATTR_UINT, "reply_scale" },
	{ CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, FIRN_ATTR_HEX, "flags" },
	{ CTA_PROTOINFO_TCP_FLAGS_REPLY, FIRN_ATTR_HEX, "reply_flags" },
	{ 0 },
};

static const struct firn_attribute protocol[] = {
	{ CTA_PROTOINFO_TCP, FIRN_ATTR_NESTED, "tcp", tcp },
	{ 0 },
};

static const struct firn_attribute counters[] = {
	{ CTA_COUNTERS_PACKETS, FIRN_ATTR_BIG, "packets" },
	{ CTA_COUNTERS_BYTES, FIRN_ATTR_BIG, "bytes" },
	{ 0 },
};

static const struct firn_attribute times[] = {
	{ CTA_TIMESTAMP_START, FIRN_ATTR_BIG, "start_ns" },
	{ CTA_TIMESTAMP_STOP, FIRN_ATTR_BIG, "stop_ns" },
	{ 0 },
};

static const struct firn_attribute helper[] = {
	{ CTA_HELP_NAME, FIRN_ATTR_TEXT, "name" },
	{ 0 },
};

static const struct firn_attribute entry[] = {
	{ CTA_TUPLE_ORIG, FIRN_ATTR_NESTED, "original", tuple },
	{ CTA_TUPLE_REPLY, FIRN_ATTR_NESTED, "reply", tuple },
	{ CTA_TUPLE_MASTER, FIRN_ATTR_NESTED, "master", tuple },
	{ CTA_STATUS, FIRN_ATTR_BIG, "status" },
	{ CTA_PROTOINFO, FIRN_ATTR_NESTED, "protocol", protocol },
	{ CTA_HELP, FIRN_ATTR_NESTED, "helper", helper },
	{ CTA_TIMEOUT, FIRN_ATTR_BIG, "expires_s" },
	{ CTA_MARK, FIRN_ATTR_BIG, "mark" },
	{ CTA_COUNTERS_ORIG, FIRN_ATTR_NESTED, "original_counters", counters },
	{ CTA_COUNTERS_REPLY, FIRN_ATTR_NESTED, "reply_counters", counters },
	{ CTA_USE, FIRN_ATTR_BIG, "uses" },
	{ CTA_ID, FIRN_ATTR_BIG, "id" },
	{ CTA_ZONE, FIRN_ATTR_BIG, "zone" },
	{ CTA_TIMESTAMP, FIRN_ATTR_NESTED, "times", times },
	{ CTA_LABELS, FIRN_ATTR_HEX, "labels" },
	{ 0 },
};

static bool
is_ours(const struct firn_network *network, const json_t *line)
{
	static const char *const directions[] = { "original", "reply" };
	static const char *const ends[] = { "source", "destination" };

	for (size_t i = 0; i < 4; i++) {
		const char *address = firn_json_string(line, directions[i / 2],
						       "ip", ends[i % 2], NULL);

		if (address != NULL &&
		    json_object_get(network->addresses, address) != NULL)
			return true;
	}
	return false;
}

static json_t *
line_of(const struct nlmsghdr *header, struct firn_network_dump *dump)
{
	const char *payload = mnl_nlmsg_get_payload(header);
	size_t len = mnl_nlmsg_get_payload_len(header);
	size_t skip = NLMSG_ALIGN(sizeof(struct nfgenmsg));
	json_t *line;

	if (len < skip)
		return NULL;
	line = json_object();
	firn_netlink_json(line, payload + skip, len - skip, entry);
	if (!dump->view->restricted || is_ours(dump->network, line))
		return line;
	json_decref(line);
	return NULL;
}

int
firn_network_conntrack(struct firn_network *network,
		       struct firn_network_view *view, struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) +
		    sizeof(struct nfgenmsg)] __attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct firn_network_dump dump = {
		.network = network,
		.view = view,
		.what = "tracked connections",
		.fd = view->netfilter_fd,
		.timeout_ms = DUMP_MAX_MS,
		.member = FIRN_NET_CONNTRACK,
		.line = line_of,
	};

	/* A kernel that tracks nothing has nothing to tell: no gap. */
	if (view->netfilter_fd < 0 || !network->offers[FIRN_OFFERS_CONNTRACK])
		return 0;
	if (view->restricted && json_object_size(network->addresses) == 0)
		return 0;
	mnl_nlmsg_put_extra_header(header, sizeof(struct nfgenmsg));
	header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	return firn_network_dump(&dump, header, err);
}
