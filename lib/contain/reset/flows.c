#include "contain/reset/flows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/rtnetlink.h>

#include "base/auto.h"
#include "base/json.h"
#include "host/netlink.h"
#include "host/rtnl.h"

#define DUMP_MAX_MS 20000

/* A container has a few addresses; more than this is a trick. */
#define ADDRESSES_MAX 1024

static int
add_address(const struct nlmsghdr *answer, void *arg, struct firn_err *err)
{
	const struct ifaddrmsg *message = mnl_nlmsg_get_payload(answer);
	struct firn_flows_wanted *wanted = arg;
	const struct nlattr *attr;
	struct firn_flow_address *address;
	size_t len;

	(void)err;
	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*message) ||
	    answer->nlmsg_type != RTM_NEWADDR ||
	    message->ifa_scope >= RT_SCOPE_LINK ||
	    wanted->n_addresses == ADDRESSES_MAX)
		return 0;
	attr = firn_rtnl_attr(answer, sizeof(*message), IFA_LOCAL);
	if (attr == NULL)
		attr = firn_rtnl_attr(answer, sizeof(*message), IFA_ADDRESS);
	len = attr == NULL ? 0 : mnl_attr_get_payload_len(attr);
	if (len != 4 && len != 16)
		return 0;
	address = &wanted->addresses[wanted->n_addresses++];
	address->family = message->ifa_family;
	memcpy(address->bytes, mnl_attr_get_payload(attr), len);
	return 0;
}

static void
forget_addresses(void *arg)
{
	((struct firn_flows_wanted *)arg)->n_addresses = 0;
}

int
firn_flows_addresses(int route_fd, struct firn_flows_wanted *ret,
		     struct firn_err *err)
{
	unsigned char buffer[64]
		__attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct firn_flows_wanted wanted = { 0 };
	const struct firn_rtnl_reader reader = { add_address, forget_addresses,
						 &wanted };

	wanted.addresses = calloc(ADDRESSES_MAX, sizeof(*wanted.addresses));
	if (wanted.addresses == NULL)
		return firn_err_nomem(err);
	request->nlmsg_type = RTM_GETADDR;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifaddrmsg));
	if (firn_rtnl_dump(route_fd, request, &reader, err) < 0) {
		free(wanted.addresses);
		return -1;
	}
	*ret = wanted;
	return 0;
}

static void
take_address(const struct nlattr *ip, uint16_t v4, uint16_t v6,
	     struct firn_flow_end *end)
{
	const struct nlattr *attr = firn_rtnl_nested(ip, v4);
	size_t len;

	if (attr == NULL)
		attr = firn_rtnl_nested(ip, v6);
	len = attr == NULL ? 0 : mnl_attr_get_payload_len(attr);
	if (len == 4 || len == 16)
		memcpy(end->address, mnl_attr_get_payload(attr), len);
}

static uint16_t
port_of(const struct nlattr *transport, uint16_t type)
{
	const struct nlattr *attr = firn_rtnl_nested(transport, type);

	if (attr == NULL || mnl_attr_validate(attr, MNL_TYPE_U16) < 0)
		return 0;
	return mnl_attr_get_u16(attr);
}

static void
take_tuple(const struct nlattr *tuple, uint8_t *ret_protocol,
	   struct firn_flow_end *from, struct firn_flow_end *to)
{
	const struct nlattr *ip = firn_rtnl_nested(tuple, CTA_TUPLE_IP),
			    *transport =
				    firn_rtnl_nested(tuple, CTA_TUPLE_PROTO),
			    *number;

	take_address(ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC, from);
	take_address(ip, CTA_IP_V4_DST, CTA_IP_V6_DST, to);
	from->port = port_of(transport, CTA_PROTO_SRC_PORT);
	to->port = port_of(transport, CTA_PROTO_DST_PORT);
	number = firn_rtnl_nested(transport, CTA_PROTO_NUM);
	if (number != NULL && mnl_attr_validate(number, MNL_TYPE_U8) == 0)
		*ret_protocol = mnl_attr_get_u8(number);
}

static const struct nlattr *
attr_of(const struct nlmsghdr *message, uint16_t type)
{
	return firn_rtnl_attr(message, sizeof(struct nfgenmsg), type);
}

static bool
read_flow(const struct nlmsghdr *message, struct firn_flow *flow)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *tuple, *zone;
	size_t len;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return false;
	tuple = attr_of(message, CTA_TUPLE_ORIG);
	len = tuple == NULL ? 0 : mnl_attr_get_payload_len(tuple);
	if (len == 0 || len > sizeof(flow->tuple))
		return false;
	flow->family = head->nfgen_family;
	memcpy(flow->tuple, mnl_attr_get_payload(tuple), len);
	flow->tuple_len = (uint16_t)len;
	take_tuple(tuple, &flow->protocol, &flow->from, &flow->to);
	take_tuple(attr_of(message, CTA_TUPLE_REPLY), &flow->protocol,
		   &flow->answer_from, &flow->answer_to);
	flow->id = firn_rtnl_number(attr_of(message, CTA_ID));
	zone = attr_of(message, CTA_ZONE);
	if (zone != NULL && mnl_attr_validate(zone, MNL_TYPE_U16) == 0)
		flow->zone = mnl_attr_get_u16(zone);
	return true;
}

static bool
has_address(const struct firn_flow *flow,
	    const struct firn_flow_address *address)
{
	size_t len = address->family == AF_INET ? 4 : 16;

	return flow->family == address->family &&
	       (memcmp(flow->from.address, address->bytes, len) == 0 ||
		memcmp(flow->to.address, address->bytes, len) == 0 ||
		memcmp(flow->answer_from.address, address->bytes, len) == 0 ||
		memcmp(flow->answer_to.address, address->bytes, len) == 0);
}

/* An IPv4 connection of an IPv6 socket is tracked as IPv4. */
static struct firn_flow_end
end_of(const struct firn_doomed *socket, const __be32 *address, __be16 port,
       uint8_t family)
{
	struct firn_flow_end end = { .port = port };
	bool mapped = family == AF_INET && socket->family == AF_INET6;

	if (mapped)
		memcpy(end.address, address + 3, 4);
	else
		memcpy(end.address, address,
		       socket->family == AF_INET ? 4 : 16);
	return end;
}

static bool
same_end(const struct firn_flow_end *a, const struct firn_flow_end *b)
{
	return a->port == b->port &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static bool
is_of_socket(const struct firn_flow *flow, const struct firn_doomed *socket)
{
	struct firn_flow_end local, remote;

	if (flow->protocol != socket->protocol ||
	    (flow->family == AF_INET6 && socket->family == AF_INET))
		return false;
	local = end_of(socket, socket->id.idiag_src, socket->id.idiag_sport,
		       flow->family);
	remote = end_of(socket, socket->id.idiag_dst, socket->id.idiag_dport,
			flow->family);
	return (same_end(&flow->from, &local) &&
		same_end(&flow->to, &remote)) ||
	       (same_end(&flow->answer_from, &local) &&
		same_end(&flow->answer_to, &remote));
}

struct search {
	const struct firn_flows_wanted *wanted;
	struct firn_flows *flows;
};

static bool
is_wanted(const struct firn_flow *flow, const struct firn_flows_wanted *wanted)
{
	if (wanted->addresses == NULL) {
		for (size_t i = 0; i < wanted->sockets->n; i++)
			if (is_of_socket(flow, &wanted->sockets->items[i]))
				return true;
		return false;
	}
	for (size_t i = 0; i < wanted->n_addresses; i++)
		if (has_address(flow, &wanted->addresses[i]))
			return true;
	return false;
}

static int
see(const struct nlmsghdr *message, void *arg, struct firn_err *err)
{
	const struct search *search = arg;
	struct firn_flows *flows = search->flows;
	struct firn_flow flow = { 0 };

	if (!read_flow(message, &flow) || !is_wanted(&flow, search->wanted))
		return 0;
	if (flows->n == FIRN_FLOWS_MAX) {
		flows->left_out++;
		return 0;
	}
	if (flows->items == NULL)
		flows->items = calloc(FIRN_FLOWS_MAX, sizeof(*flows->items));
	if (flows->items == NULL)
		return firn_err_nomem(err);
	flows->items[flows->n++] = flow;
	return 0;
}

int
firn_flows_find(int fd, const struct firn_flows_wanted *wanted,
		struct firn_flows *ret, struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) +
		    sizeof(struct nfgenmsg)] __attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	autodone(firn_flows_free) struct firn_flows found = { 0 };
	struct search search = { wanted, &found };
	const struct firn_netlink_question question = {
		.fd = fd,
		.timeout_ms = DUMP_MAX_MS,
		.each = see,
		.arg = &search,
	};
	struct firn_netlink_dumped dumped;

	mnl_nlmsg_put_extra_header(header, sizeof(struct nfgenmsg));
	header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	if (firn_netlink_dump(&question, header, &dumped, err) < 0)
		return -1;
	if (dumped.why.code != 0) {
		*err = dumped.why;
		return firn_err_in(err, "list tracked connections");
	}
	*ret = found;
	found = (struct firn_flows){ 0 };
	return 0;
}

void
firn_flows_free(struct firn_flows *flows)
{
	free(flows->items);
	*flows = (struct firn_flows){ 0 };
}

static void
set_end(json_t *object, const char *key, uint8_t family,
	const struct firn_flow_end *end)
{
	char address[INET6_ADDRSTRLEN] = "?", text[INET6_ADDRSTRLEN + 16];

	inet_ntop(family, end->address, address, sizeof(address));
	snprintf(text, sizeof(text), family == AF_INET ? "%s:%u" : "[%s]:%u",
		 address, ntohs(end->port));
	firn_json_text(object, key, text);
}

json_t *
firn_flows_json(const struct firn_flows *flows)
{
	json_t *array = json_array();

	for (size_t i = 0; i < flows->n; i++) {
		const struct firn_flow *flow = &flows->items[i];
		json_t *object = json_object();

		firn_json_uint(object, "ip_protocol", flow->protocol);
		set_end(object, "from", flow->family, &flow->from);
		set_end(object, "to", flow->family, &flow->to);
		set_end(object, "answer_from", flow->family,
			&flow->answer_from);
		set_end(object, "answer_to", flow->family, &flow->answer_to);
		json_array_append_new(array, object);
	}
	return array;
}

/* By its tuple, and its id, so that another one with the same is left alone. */
static int
delete_one(int fd, const struct firn_flow *flow, struct firn_err *err)
{
	unsigned char buffer[512]
		__attribute__((aligned(__alignof__(struct nlmsghdr)))) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *head =
		mnl_nlmsg_put_extra_header(header, sizeof(*head));

	header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	head->nfgen_family = flow->family;
	mnl_attr_put(header, NLA_F_NESTED | CTA_TUPLE_ORIG, flow->tuple_len,
		     flow->tuple);
	if (flow->zone != 0)
		mnl_attr_put_u16(header, CTA_ZONE, flow->zone);
	if (flow->id != 0)
		mnl_attr_put_u32(header, CTA_ID, flow->id);
	return firn_rtnl_ask(fd, header, 0, err);
}

int
firn_flows_delete(int fd, const struct firn_flows *flows, struct firn_err *err)
{
	int deleted = 0;

	for (size_t i = 0; i < flows->n; i++) {
		struct firn_err why = { 0 };

		if (delete_one(fd, &flows->items[i], &why) == 0) {
			deleted++;
		} else if (why.code != ENOENT) {
			*err = why;
			return firn_err_in(err,
					   "take away a tracked connection");
		}
	}
	return deleted;
}
