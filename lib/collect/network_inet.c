#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include "base/json.h"
#include "collect/network.h"
#include "host/netlink_json.h"

/*
 * network_inet -- TCP, UDP, UDP-Lite, raw and SCTP sockets of IPv4 and IPv6.
 *
 * Source: sock_diag(7); kernel net/ipv4/inet_diag.c.
 */

/* The TCP state that sock_diag gives to a socket that is bound and no more;
 * /proc/PID/net/tcp doesn't have those. */
#define STATE_CLOSE 7
#define STATE_BOUND 13

/* struct tcp_diag_md5sig, linux/tcp.h: with its key of 80 bytes. */
#define MD5SIG_SIZE 100

static const char *const states[] = {
	NULL,           "established", "syn_sent",  "syn_received",
	"fin_wait_1",   "fin_wait_2",  "time_wait", "close",
	"close_wait",   "last_ack",    "listening", "closing",
	"syn_received", "bound",
};

static const char *const timers[] = { "none", "retransmit", "keepalive",
				      "time_wait", "window_probe" };

/* What UDP and raw sockets that have no peer are called. */
const char *
firn_network_state(unsigned state)
{
	return state < sizeof(states) / sizeof(states[0]) ? states[state]
							  : NULL;
}

json_t *
firn_network_memory(const void *bytes, size_t len)
{
	static const char *const names[] = {
		"receive_bytes", "receive_max",   "send_bytes",
		"send_max",      "forward_bytes", "queued_bytes",
		"option_bytes",  "backlog_bytes", "drops",
	};
	json_t *memory = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) &&
			   (i + 1) * sizeof(uint32_t) <= len;
	     i++) {
		uint32_t value;

		memcpy(&value, (const char *)bytes + i * sizeof(value),
		       sizeof(value));
		json_object_set_new(memory, names[i], json_integer(value));
	}
	return memory;
}

static void
set_end(json_t *line, const char *key, const struct inet_diag_msg *message,
	const __be32 *address, __be16 port)
{
	json_t *end = json_object();

	firn_address_json(end, "address", address,
			  message->idiag_family == AF_INET ? 4 : 16);
	json_object_set_new(end, "port", json_integer(ntohs(port)));
	json_object_set_new(line, key, end);
}

/* What a listening socket's queues hold are connections, not bytes. */
static void
set_queues(json_t *line, const struct inet_diag_msg *message, bool tcp)
{
	bool listening = tcp && message->idiag_state == 10;

	json_object_set_new(line,
			    listening ? "waiting_connections"
				      : "receive_queue_bytes",
			    json_integer(message->idiag_rqueue));
	json_object_set_new(line,
			    listening ? "waiting_connections_max"
				      : "send_queue_bytes",
			    json_integer(message->idiag_wqueue));
}

static void
set_timer(json_t *line, const struct inet_diag_msg *message)
{
	json_t *timer;

	if (message->idiag_timer == 0)
		return;
	timer = json_object();
	if (message->idiag_timer < sizeof(timers) / sizeof(timers[0]))
		firn_json_text(timer, "kind", timers[message->idiag_timer]);
	else
		json_object_set_new(timer, "kind",
				    json_integer(message->idiag_timer));
	json_object_set_new(timer, "expires_ms",
			    json_integer(message->idiag_expires));
	json_object_set_new(timer, "retransmits",
			    json_integer(message->idiag_retrans));
	json_object_set_new(line, "timer", timer);
}

static void
set_options(json_t *line, const unsigned char *bytes, size_t len)
{
	static const char *const names[] = {
		"recverr",
		"connection_oriented",
		"freebind",
		"hdrincl",
		"mc_loop",
		"transparent",
		"mc_all",
		"nodefrag",
		"bind_address_no_port",
		"recverr_rfc4884",
		"defer_connect",
	};
	json_t *options = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && i / 8 < len;
	     i++) {
		if ((bytes[i / 8] >> i % 8 & 1) != 0)
			json_array_append_new(options, json_string(names[i]));
	}
	json_object_set_new(line, "options", options);
}

static const struct firn_attribute ulp[] = {
	{ INET_ULP_INFO_NAME, FIRN_ATTR_TEXT, "name" },
	{ INET_ULP_INFO_TLS, FIRN_ATTR_HEX, "tls" },
	{ INET_ULP_INFO_MPTCP, FIRN_ATTR_HEX, "mptcp" },
	{ 0 },
};

static const struct firn_attribute extensions[] = {
	{ INET_DIAG_VEGASINFO, FIRN_ATTR_HEX, "vegas_info" },
	{ INET_DIAG_CONG, FIRN_ATTR_TEXT, "congestion_control" },
	{ INET_DIAG_TOS, FIRN_ATTR_UINT, "tos" },
	{ INET_DIAG_TCLASS, FIRN_ATTR_UINT, "traffic_class" },
	{ INET_DIAG_SHUTDOWN, FIRN_ATTR_UINT, "shutdown" },
	{ INET_DIAG_DCTCPINFO, FIRN_ATTR_HEX, "dctcp_info" },
	{ INET_DIAG_PROTOCOL, FIRN_ATTR_UINT, "ip_protocol" },
	{ INET_DIAG_SKV6ONLY, FIRN_ATTR_UINT, "v6_only" },
	{ INET_DIAG_LOCALS, FIRN_ATTR_HEX, "local_addresses" },
	{ INET_DIAG_PEERS, FIRN_ATTR_HEX, "peer_addresses" },
	{ INET_DIAG_MARK, FIRN_ATTR_UINT, "mark" },
	{ INET_DIAG_BBRINFO, FIRN_ATTR_HEX, "bbr_info" },
	{ INET_DIAG_CLASS_ID, FIRN_ATTR_UINT, "class_id" },
	{ INET_DIAG_ULP_INFO, FIRN_ATTR_NESTED, "ulp", ulp },
	{ INET_DIAG_CGROUP_ID, FIRN_ATTR_UINT, "cgroup_id" },
	{ 0 },
};

static void
set_extension(json_t *line, const struct nlattr *attr, bool tcp)
{
	const void *bytes = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case INET_DIAG_INFO:
		if (tcp)
			json_object_set_new(line, "tcp_info",
					    firn_network_tcp_info(bytes, len));
		else
			firn_json_hex(line, "info", bytes, len);
		break;
	case INET_DIAG_SKMEMINFO:
		json_object_set_new(line, "memory",
				    firn_network_memory(bytes, len));
		break;
	case INET_DIAG_SOCKOPT:
		set_options(line, bytes, len);
		break;
	case INET_DIAG_MD5SIG: /* keys of BGP sessions; a count will do */
		firn_json_uint(line, "md5_keys_withheld", len / MD5SIG_SIZE);
		break;
	case INET_DIAG_MEMINFO: /* SKMEMINFO says it all */
	case INET_DIAG_PAD:
		break;
	default:
		firn_netlink_json(line, attr, attr->nla_len, extensions);
		break;
	}
}

/* Of the set that is compared are those that both witnesses should have. */
static bool
is_listed(const struct inet_diag_msg *message, bool tcp)
{
	return !tcp || (message->idiag_state != STATE_CLOSE &&
			message->idiag_state != STATE_BOUND);
}

static json_t *
line_of(const struct nlmsghdr *header, struct firn_network_dump *dump)
{
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	enum firn_socket_table table =
		*(const enum firn_socket_table *)dump->arg;
	bool tcp = table == FIRN_TABLE_TCP || table == FIRN_TABLE_TCP6;
	const struct nlattr *attr = NULL;
	uint64_t cookie;
	json_t *line;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message))
		return NULL;
	if (!firn_network_is_taken(dump, message->idiag_inode,
				   is_listed(message, tcp)))
		return NULL;
	line = json_object();
	firn_json_text(line, "family",
		       message->idiag_family == AF_INET ? "inet" : "inet6");
	firn_json_text(line, "protocol", firn_socket_tables[table]);
	firn_json_text(line, "state", firn_network_state(message->idiag_state));
	set_end(line, "local", message, message->id.idiag_src,
		message->id.idiag_sport);
	set_end(line, "remote", message, message->id.idiag_dst,
		message->id.idiag_dport);
	json_object_set_new(line, "interface",
			    json_integer(message->id.idiag_if));
	json_object_set_new(line, "uid", json_integer(message->idiag_uid));
	json_object_set_new(line, "inode", json_integer(message->idiag_inode));
	memcpy(&cookie, message->id.idiag_cookie, sizeof(cookie));
	firn_json_uint(line, "cookie", cookie);
	set_queues(line, message, tcp);
	set_timer(line, message);
	while ((attr = firn_netlink_attr((const char *)message +
						 NLMSG_ALIGN(sizeof(*message)),
					 mnl_nlmsg_get_payload_len(header) -
						 NLMSG_ALIGN(sizeof(*message)),
					 attr)) != NULL)
		set_extension(line, attr, tcp);
	firn_network_set_owners(dump->network, message->idiag_inode, line);
	json_object_set_new(line, "source", json_string("sock_diag"));
	return line;
}

static int
protocol_of(enum firn_socket_table table)
{
	static const int protocols[FIRN_N_TABLES] = {
		[FIRN_TABLE_TCP] = IPPROTO_TCP,
		[FIRN_TABLE_TCP6] = IPPROTO_TCP,
		[FIRN_TABLE_UDP] = IPPROTO_UDP,
		[FIRN_TABLE_UDP6] = IPPROTO_UDP,
		[FIRN_TABLE_UDPLITE] = IPPROTO_UDPLITE,
		[FIRN_TABLE_UDPLITE6] = IPPROTO_UDPLITE,
		[FIRN_TABLE_RAW] = IPPROTO_RAW,
		[FIRN_TABLE_RAW6] = IPPROTO_RAW,
		[FIRN_TABLE_SCTP] = IPPROTO_SCTP,
		[FIRN_TABLE_SCTP6] = IPPROTO_SCTP,
	};

	return protocols[table];
}

static bool
is_six(enum firn_socket_table table)
{
	return table == FIRN_TABLE_TCP6 || table == FIRN_TABLE_UDP6 ||
	       table == FIRN_TABLE_UDPLITE6 || table == FIRN_TABLE_RAW6 ||
	       table == FIRN_TABLE_SCTP6;
}

int
firn_network_inet(struct firn_network_dump *dump, enum firn_socket_table table,
		  struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) +
		    sizeof(struct inet_diag_req_v2)]
		__attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request =
		mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->sdiag_family = is_six(table) ? AF_INET6 : AF_INET;
	request->sdiag_protocol = (uint8_t)protocol_of(table);
	request->idiag_ext = 0xff; /* all of them */
	request->idiag_states = ~0U;
	dump->line = line_of;
	dump->arg = &table;
	return firn_network_dump(dump, header, err);
}
