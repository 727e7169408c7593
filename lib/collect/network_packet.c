#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>

#include "base/json.h"
#include "collect/network.h"
#include "host/netlink_json.h"

/*
 * network_packet -- sockets of packet(7) and netlink(7).
 *
 * A packet socket sees every frame; its filter, in the instructions of classic
 * BPF, tells what it waits for.
 *
 * Source: linux/packet_diag.h, linux/netlink_diag.h.
 */

/* linux/packet_diag.h has the field, but not the bit, in some versions. */
#define PACKET_SHOW_ALL                                                 \
	(PACKET_SHOW_INFO | PACKET_SHOW_MCLIST | PACKET_SHOW_RING_CFG | \
	 PACKET_SHOW_FANOUT | PACKET_SHOW_MEMINFO | PACKET_SHOW_FILTER)
#define NETLINK_SHOW_ALL \
	(NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS | NDIAG_SHOW_FLAGS)

static const struct firn_attribute packet_attributes[] = {
	{ PACKET_DIAG_MCLIST, FIRN_ATTR_HEX, "memberships" },
	{ PACKET_DIAG_RX_RING, FIRN_ATTR_HEX, "receive_ring" },
	{ PACKET_DIAG_TX_RING, FIRN_ATTR_HEX, "send_ring" },
	{ PACKET_DIAG_FANOUT, FIRN_ATTR_UINT, "fanout" },
	{ PACKET_DIAG_UID, FIRN_ATTR_UINT, "uid" },
	{ PACKET_DIAG_FILTER, FIRN_ATTR_HEX, "filter" },
	{ 0 },
};

static const struct firn_attribute netlink_attributes[] = {
	{ NETLINK_DIAG_GROUPS, FIRN_ATTR_HEX, "groups" },
	{ NETLINK_DIAG_RX_RING, FIRN_ATTR_HEX, "receive_ring" },
	{ NETLINK_DIAG_TX_RING, FIRN_ATTR_HEX, "send_ring" },
	{ NETLINK_DIAG_FLAGS, FIRN_ATTR_UINT, "flags" },
	{ 0 },
};

static json_t *
line_begin(const char *kind, uint32_t inode, const uint32_t parts[2])
{
	json_t *line = json_object();
	uint64_t cookie;

	memcpy(&cookie, parts, sizeof(cookie));
	firn_json_text(line, "family", kind);
	firn_json_text(line, "protocol", kind);
	json_object_set_new(line, "inode", json_integer(inode));
	firn_json_uint(line, "cookie", cookie);
	return line;
}

static json_t *
line_end(const struct firn_network_dump *dump, uint32_t inode, json_t *line)
{
	firn_network_set_owners(dump->network, inode, line);
	json_object_set_new(line, "source", json_string("sock_diag"));
	return line;
}

static void
set_packet(json_t *line, const struct nlattr *attr)
{
	const struct packet_diag_info *info = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case PACKET_DIAG_INFO:
		if (len < sizeof(*info))
			return;
		json_object_set_new(line, "interface",
				    json_integer(info->pdi_index));
		json_object_set_new(line, "ring_version",
				    json_integer(info->pdi_version));
		json_object_set_new(line, "flags",
				    json_integer(info->pdi_flags));
		return;
	case PACKET_DIAG_MEMINFO:
		json_object_set_new(line, "memory",
				    firn_network_memory(info, len));
		return;
	default:
		firn_netlink_json(line, attr, attr->nla_len, packet_attributes);
		return;
	}
}

static json_t *
packet_line(const struct nlmsghdr *header, struct firn_network_dump *dump)
{
	const struct packet_diag_msg *message = mnl_nlmsg_get_payload(header);
	const struct nlattr *attr = NULL;
	json_t *line;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message) ||
	    !firn_network_is_taken(dump, message->pdiag_ino, true))
		return NULL;
	line = line_begin("packet", message->pdiag_ino, message->pdiag_cookie);
	firn_json_text(line, "type",
		       message->pdiag_type == SOCK_RAW ? "raw" : "datagram");
	json_object_set_new(line, "ethertype",
			    json_integer(message->pdiag_num));
	while ((attr = firn_netlink_attr((const char *)message +
						 NLMSG_ALIGN(sizeof(*message)),
					 mnl_nlmsg_get_payload_len(header) -
						 NLMSG_ALIGN(sizeof(*message)),
					 attr)) != NULL)
		set_packet(line, attr);
	return line_end(dump, message->pdiag_ino, line);
}

static json_t *
netlink_line(const struct nlmsghdr *header, struct firn_network_dump *dump)
{
	const struct netlink_diag_msg *message = mnl_nlmsg_get_payload(header);
	const struct nlattr *attr = NULL;
	json_t *line;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message) ||
	    !firn_network_is_taken(dump, message->ndiag_ino, true))
		return NULL;
	line = line_begin("netlink", message->ndiag_ino, message->ndiag_cookie);
	json_object_set_new(line, "netlink_protocol",
			    json_integer(message->ndiag_protocol));
	json_object_set_new(line, "port", json_integer(message->ndiag_portid));
	json_object_set_new(line, "remote_port",
			    json_integer(message->ndiag_dst_portid));
	json_object_set_new(line, "kernel",
			    json_boolean(message->ndiag_portid == 0));
	while ((attr = firn_netlink_attr((const char *)message +
						 NLMSG_ALIGN(sizeof(*message)),
					 mnl_nlmsg_get_payload_len(header) -
						 NLMSG_ALIGN(sizeof(*message)),
					 attr)) != NULL) {
		if (mnl_attr_get_type(attr) == NETLINK_DIAG_MEMINFO)
			json_object_set_new(
				line, "memory",
				firn_network_memory(mnl_attr_get_payload(attr),
						    mnl_attr_get_payload_len(
							    attr)));
		else
			firn_netlink_json(line, attr, attr->nla_len,
					  netlink_attributes);
	}
	return line_end(dump, message->ndiag_ino, line);
}

int
firn_network_packet(struct firn_network_dump *dump, struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) +
		    sizeof(struct packet_diag_req)]
		__attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct packet_diag_req *request =
		mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->sdiag_family = AF_PACKET;
	request->pdiag_show = PACKET_SHOW_ALL;
	dump->line = packet_line;
	return firn_network_dump(dump, header, err);
}

int
firn_network_netlink(struct firn_network_dump *dump, struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) +
		    sizeof(struct netlink_diag_req)]
		__attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct netlink_diag_req *request =
		mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->sdiag_family = AF_NETLINK;
	request->sdiag_protocol = NDIAG_PROTO_ALL;
	request->ndiag_show = NETLINK_SHOW_ALL;
	dump->line = netlink_line;
	return firn_network_dump(dump, header, err);
}
