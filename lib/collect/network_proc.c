#include <stdlib.h>
#include <string.h>

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

/* The numbers of a line, by a pattern of: d decimal, x hexadecimal, w a word,
 * of which `ret` gets where it begins, : itself.  Returns what is behind, or
 * NULL for another line. */
static const char *
numbers(const char *text, const char *pattern, uint64_t *ret)
{
	const char *at = text;

	for (; *pattern != '\0'; pattern++) {
		char *end;

		if (*pattern == ':') {
			if (*at++ != ':')
				return NULL;
			continue;
		}
		at += strspn(at, " ");
		if (*pattern == 'w') {
			*ret++ = (uint64_t)(at - text);
			at += strcspn(at, " ");
			continue;
		}
		*ret++ = strtoull(at, &end, *pattern == 'x' ? 16 : 10);
		if (end == at)
			return NULL;
		at = end;
	}
	return at;
}

/* "0100007F:0016": words in the host's order, of bytes in network order. */
static bool
set_end(json_t *line, const char *key, const char *text)
{
	size_t len = strcspn(text, ":");
	unsigned char address[16];
	uint64_t port;
	json_t *end;

	if ((len != 8 && len != 32) || numbers(text + len, ":x", &port) == NULL)
		return false;
	for (size_t i = 0; i < len / 8; i++) {
		char word[9] = { 0 }, *behind;
		uint32_t value;

		memcpy(word, text + 8 * i, 8);
		value = (uint32_t)strtoul(word, &behind, 16);
		if (*behind != '\0')
			return false;
		memcpy(address + 4 * i, &value, sizeof(value));
	}
	end = json_object();
	firn_address_json(end, "address", address, len / 2);
	firn_json_uint(end, "port", port);
	json_object_set_new(line, key, end);
	return true;
}

/* "   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000
 * 00000000     0        0 4711 ..." */
static bool
parse_inet(enum firn_socket_table table, const char *text, bool lines,
	   struct firn_proc_socket *ret)
{
	enum {
		SLOT,
		LOCAL,
		REMOTE,
		STATE,
		SENDING,
		RECEIVING,
		TIMER,
		EXPIRES,
		RETRANSMITS,
		UID,
		TIMEOUT,
		INODE,
		N_FIELDS
	};
	uint64_t field[N_FIELDS];
	json_t *line;

	if (numbers(text, "d:wwxx:xx:xxddd", field) == NULL)
		return false;
	ret->inode = field[INODE];
	if (!lines)
		return true;
	ret->line = line = json_object();
	firn_json_text(line, "family",
		       strcspn(text + field[LOCAL], ":") == 32 ? "inet6"
							       : "inet");
	firn_json_text(line, "protocol", firn_socket_tables[table]);
	firn_json_text(line, "state",
		       firn_network_state((unsigned)field[STATE]));
	if (!set_end(line, "local", text + field[LOCAL]) ||
	    !set_end(line, "remote", text + field[REMOTE]))
		firn_json_text(line, "line", text);
	firn_json_uint(line, "uid", field[UID]);
	firn_json_uint(line, "inode", field[INODE]);
	firn_json_uint(line, "receive_queue_bytes", field[RECEIVING]);
	firn_json_uint(line, "send_queue_bytes", field[SENDING]);
	return true;
}

/* "0000000000000000: 00000003 00000000 00010000 0001 01 4711 @name" */
static bool
parse_unix(const char *text, bool lines, struct firn_proc_socket *ret)
{
	enum {
		ADDRESS,
		REFERENCES,
		PROTOCOL,
		FLAGS,
		TYPE,
		STATE,
		INODE,
		N_FIELDS
	};
	const unsigned long accepting = 0x10000; /* __SO_ACCEPTCON */
	uint64_t field[N_FIELDS];
	const char *name = numbers(text, "x:xxxxxd", field);
	json_t *line;

	if (name == NULL)
		return false;
	ret->inode = field[INODE];
	if (!lines)
		return true;
	ret->line = line = json_object();
	firn_json_text(line, "family", "unix");
	firn_json_text(line, "protocol", "unix");
	firn_json_text(line, "type", firn_network_type((unsigned)field[TYPE]));
	/* SS_CONNECTED of linux/net.h is 3 */
	firn_json_text(line, "state",
		       (field[FLAGS] & accepting) != 0 ? "listening"
		       : field[STATE] == 3             ? "established"
						       : "close");
	firn_json_uint(line, "inode", field[INODE]);
	if (*name == ' ')
		firn_json_text(line, "name_in_proc", name + 1);
	return true;
}

/* sk RefCnt Type Proto Iface R Rmem User Inode */
static bool
parse_packet(const char *text, bool lines, struct firn_proc_socket *ret)
{
	enum {
		ADDRESS,
		REFERENCES,
		TYPE,
		ETHERTYPE,
		INTERFACE,
		RUNNING,
		RECEIVING,
		UID,
		INODE,
		N_FIELDS
	};
	uint64_t field[N_FIELDS];
	json_t *line;

	if (numbers(text, "xddxddddd", field) == NULL)
		return false;
	ret->inode = field[INODE];
	if (!lines)
		return true;
	ret->line = line = json_object();
	firn_json_text(line, "family", "packet");
	firn_json_text(line, "protocol", "packet");
	firn_json_text(line, "type", firn_network_type((unsigned)field[TYPE]));
	firn_json_uint(line, "inode", field[INODE]);
	firn_json_uint(line, "ethertype", field[ETHERTYPE]);
	firn_json_uint(line, "interface", field[INTERFACE]);
	firn_json_uint(line, "uid", field[UID]);
	return true;
}

/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
static bool
parse_netlink(const char *text, bool lines, struct firn_proc_socket *ret)
{
	enum {
		ADDRESS,
		PROTOCOL,
		PORT,
		GROUPS,
		RECEIVING,
		SENDING,
		DUMPING,
		LOCKS,
		DROPS,
		INODE,
		N_FIELDS
	};
	uint64_t field[N_FIELDS];
	json_t *line;

	if (numbers(text, "xddxdddddd", field) == NULL)
		return false;
	ret->inode = field[INODE];
	if (!lines)
		return true;
	ret->line = line = json_object();
	firn_json_text(line, "family", "netlink");
	firn_json_text(line, "protocol", "netlink");
	firn_json_uint(line, "inode", field[INODE]);
	firn_json_uint(line, "netlink_protocol", field[PROTOCOL]);
	firn_json_uint(line, "port", field[PORT]);
	json_object_set_new(line, "kernel", json_boolean(field[PORT] == 0));
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
