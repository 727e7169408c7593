#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/json.h"
#include "collect/network.h"
#include "host/netlink_json.h"

/*
 * network_proc -- the lists of sockets in /proc/PID/net, line by line.
 *
 * Source: proc_pid_net(5); kernel net/ipv4/tcp_ipv4.c, net/unix/af_unix.c,
 * net/packet/af_packet.c, net/netlink/af_netlink.c.
 */

const char *const firn_socket_tables[FIRN_N_TABLES] = {
	"tcp",      "tcp6",  "udp",  "udp6",   "udplite",
	"udplite6", "raw",   "raw6", "sctp",   "sctp6",
	"icmp",     "icmp6", "unix", "packet", "netlink",
};

/* "0100007F:0016": words in the host's order, of bytes in network order. */
static bool
parse_end(const char *text, json_t *ret)
{
	size_t len = strcspn(text, ":");
	unsigned char address[16];
	unsigned port;

	if ((len != 8 && len != 32) || sscanf(text + len, ":%4x", &port) != 1)
		return false;
	for (size_t i = 0; i < len / 8; i++) {
		char word[9] = { 0 }, *end;
		uint32_t value;

		memcpy(word, text + 8 * i, 8);
		value = (uint32_t)strtoul(word, &end, 16);
		if (*end != '\0')
			return false;
		memcpy(address + 4 * i, &value, sizeof(value));
	}
	firn_address_json(ret, "address", address, len / 2);
	json_object_set_new(ret, "port", json_integer(port));
	return true;
}

struct inet_line {
	char local[48], remote[48];
	unsigned state, timer, uid;
	uint64_t tx, rx, expires, retransmits, timeout, inode;
};

static json_t *
inet_json(enum firn_socket_table table, const struct inet_line *in)
{
	json_t *local = json_object(), *remote = json_object();
	json_t *line = json_object();
	bool six = strcspn(in->local, ":") == 32;

	firn_json_text(line, "family", six ? "inet6" : "inet");
	firn_json_text(line, "protocol", firn_socket_tables[table]);
	firn_json_text(line, "state", firn_network_state(in->state));
	if (parse_end(in->local, local) && parse_end(in->remote, remote)) {
		json_object_set(line, "local", local);
		json_object_set(line, "remote", remote);
	}
	json_decref(local);
	json_decref(remote);
	json_object_set_new(line, "uid", json_integer(in->uid));
	firn_json_uint(line, "inode", in->inode);
	firn_json_uint(line, "receive_queue_bytes", in->rx);
	firn_json_uint(line, "send_queue_bytes", in->tx);
	return line;
}

static bool
parse_inet(enum firn_socket_table table, const char *text, bool lines,
	   struct firn_proc_socket *ret)
{
	struct inet_line in = { 0 };

	if (sscanf(text,
		   " %*u: %47[0-9A-F:] %47[0-9A-F:] %x %" SCNx64 ":%" SCNx64
		   " %x:%" SCNx64 " %" SCNx64 " %u %" SCNu64 " %" SCNu64,
		   in.local, in.remote, &in.state, &in.tx, &in.rx, &in.timer,
		   &in.expires, &in.retransmits, &in.uid, &in.timeout,
		   &in.inode) != 11)
		return false;
	ret->inode = in.inode;
	ret->line = lines ? inet_json(table, &in) : NULL;
	return true;
}

static bool
parse_unix(const char *text, bool lines, struct firn_proc_socket *ret)
{
	unsigned type, state, flags;
	uint64_t inode;
	int name = -1;

	/* "0000000000000000: 00000003 00000000 00000000 0001 03 4711 @name" */
	if (sscanf(text, "%*x: %*x %*x %x %x %x %" SCNu64 "%n", &flags, &type,
		   &state, &inode, &name) != 4 ||
	    name < 0)
		return false;
	ret->inode = inode;
	ret->line = NULL;
	if (!lines)
		return true;
	ret->line = json_object();
	firn_json_text(ret->line, "family", "unix");
	firn_json_text(ret->line, "protocol", "unix");
	firn_json_text(ret->line, "type", firn_network_type(type));
	/* __SO_ACCEPTCON */
	firn_json_text(ret->line, "state",
		       (flags & 0x10000) != 0 ? "listening"
		       : state == 3           ? "established"
					      : "close");
	firn_json_uint(ret->line, "inode", inode);
	if (text[name] == ' ')
		firn_json_bytes(ret->line, "name_in_proc", text + name + 1,
				strlen(text + name + 1));
	return true;
}

static bool
parse_packet(const char *text, bool lines, struct firn_proc_socket *ret)
{
	unsigned type, protocol, interface, uid;
	uint64_t inode;

	if (sscanf(text, "%*x %*d %u %x %u %*d %*u %u %" SCNu64, &type,
		   &protocol, &interface, &uid, &inode) != 5)
		return false;
	ret->inode = inode;
	ret->line = NULL;
	if (!lines)
		return true;
	ret->line = json_object();
	firn_json_text(ret->line, "family", "packet");
	firn_json_text(ret->line, "protocol", "packet");
	firn_json_text(ret->line, "type", firn_network_type(type));
	firn_json_uint(ret->line, "inode", inode);
	json_object_set_new(ret->line, "ethertype", json_integer(protocol));
	json_object_set_new(ret->line, "interface", json_integer(interface));
	json_object_set_new(ret->line, "uid", json_integer(uid));
	return true;
}

static bool
parse_netlink(const char *text, bool lines, struct firn_proc_socket *ret)
{
	unsigned protocol, port, groups;
	uint64_t inode;

	if (sscanf(text, "%*x %u %u %x %*d %*d %*d %*d %*u %" SCNu64, &protocol,
		   &port, &groups, &inode) != 4)
		return false;
	ret->inode = inode;
	ret->line = NULL;
	if (!lines)
		return true;
	ret->line = json_object();
	firn_json_text(ret->line, "family", "netlink");
	firn_json_text(ret->line, "protocol", "netlink");
	firn_json_uint(ret->line, "inode", inode);
	json_object_set_new(ret->line, "netlink_protocol",
			    json_integer(protocol));
	json_object_set_new(ret->line, "port", json_integer(port));
	json_object_set_new(ret->line, "kernel", json_boolean(port == 0));
	return true;
}

bool
firn_network_proc_line(enum firn_socket_table table, const char *text,
		       bool lines, struct firn_proc_socket *ret)
{
	*ret = (struct firn_proc_socket){ 0 };
	switch ((int)table) {
	case FIRN_TABLE_UNIX:
		return parse_unix(text, lines, ret);
	case FIRN_TABLE_PACKET:
		return parse_packet(text, lines, ret);
	case FIRN_TABLE_NETLINK:
		return parse_netlink(text, lines, ret);
	case FIRN_TABLE_SCTP: /* two files, of another form */
	case FIRN_TABLE_SCTP6:
		return false;
	default:
		return parse_inet(table, text, lines, ret);
	}
}
