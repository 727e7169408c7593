#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include "base/json.h"
#include "collect/network.h"
#include "host/netlink_json.h"

/*
 * network_unix -- sockets of unix(7), with the other ends.
 *
 * Source: sock_diag(7), UNIX_DIAG_*.
 */

#define SHOW_ALL                                                    \
	(UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER |       \
	 UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN | UDIAG_SHOW_MEMINFO | \
	 UDIAG_SHOW_UID)

const char *
firn_network_type(unsigned type)
{
	switch (type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "datagram";
	case SOCK_SEQPACKET:
		return "seqpacket";
	default:
		return type == SOCK_RAW ? "raw" : "other";
	}
}

/* An abstract name begins with a NUL, and may hold more of them. */
static void
set_name(struct firn_network_dump *dump, json_t *line, const char *name,
	 size_t len)
{
	bool abstract = len > 0 && name[0] == '\0';

	if (memchr(name, '\n', len) != NULL)
		dump->view->newline_in_name = true;
	json_object_set_new(line, "abstract", json_boolean(abstract));
	if (abstract)
		firn_json_bytes(line, "name", name + 1, len - 1);
	else
		firn_json_bytes(line, "name", name, strnlen(name, len));
}

static void
set_file(json_t *line, const struct unix_diag_vfs *file)
{
	/* The kernel's own dev_t: 20 bits of minor. */
	unsigned major = file->udiag_vfs_dev >> 20;
	unsigned minor = file->udiag_vfs_dev & 0xfffff;

	firn_json_uint(line, "file_device", makedev(major, minor));
	json_object_set_new(line, "file_inode",
			    json_integer(file->udiag_vfs_ino));
}

static void
set_peer(struct firn_network_dump *dump, json_t *line, uint32_t inode)
{
	json_t *peer = json_object();

	json_object_set_new(peer, "inode", json_integer(inode));
	firn_network_set_owners(dump->network, inode, peer);
	json_object_set_new(line, "peer", peer);
	firn_inodes_add(&dump->network->peers, inode);
}

/* Who has connected and was not accepted yet. */
static void
set_waiting(struct firn_network_dump *dump, json_t *line, const uint32_t *peers,
	    size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *peer = json_object();

		json_object_set_new(peer, "inode", json_integer(peers[i]));
		firn_network_set_owners(dump->network, peers[i], peer);
		json_array_append_new(list, peer);
		firn_inodes_add(&dump->network->peers, peers[i]);
	}
	json_object_set_new(line, "waiting", list);
}

static void
set_queues(json_t *line, const struct unix_diag_rqlen *queues, bool listening)
{
	json_object_set_new(line,
			    listening ? "waiting_connections"
				      : "receive_queue_bytes",
			    json_integer(queues->udiag_rqueue));
	json_object_set_new(line,
			    listening ? "waiting_connections_max"
				      : "send_queue_bytes",
			    json_integer(queues->udiag_wqueue));
}

static const struct firn_attribute attributes[] = {
	{ UNIX_DIAG_SHUTDOWN, FIRN_ATTR_UINT, "shutdown" },
	{ UNIX_DIAG_UID, FIRN_ATTR_UINT, "uid" },
	{ 0 },
};

static void
set_attribute(struct firn_network_dump *dump, json_t *line,
	      const struct nlattr *attr, bool listening)
{
	const void *bytes = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);
	uint32_t inode;

	switch (mnl_attr_get_type(attr)) {
	case UNIX_DIAG_NAME:
		set_name(dump, line, bytes, len);
		return;
	case UNIX_DIAG_VFS:
		if (len >= sizeof(struct unix_diag_vfs))
			set_file(line, bytes);
		return;
	case UNIX_DIAG_PEER:
		if (len < sizeof(inode))
			return;
		memcpy(&inode, bytes, sizeof(inode));
		set_peer(dump, line, inode);
		return;
	case UNIX_DIAG_ICONS:
		set_waiting(dump, line, bytes, len / sizeof(uint32_t));
		return;
	case UNIX_DIAG_RQLEN:
		if (len >= sizeof(struct unix_diag_rqlen))
			set_queues(line, bytes, listening);
		return;
	case UNIX_DIAG_MEMINFO:
		json_object_set_new(line, "memory",
				    firn_network_memory(bytes, len));
		return;
	default:
		firn_netlink_json(line, attr, attr->nla_len, attributes);
		return;
	}
}

static json_t *
line_of(const struct nlmsghdr *header, struct firn_network_dump *dump)
{
	const struct unix_diag_msg *message = mnl_nlmsg_get_payload(header);
	const struct nlattr *attr = NULL;
	uint64_t cookie;
	json_t *line;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message) ||
	    !firn_network_is_taken(dump, message->udiag_ino, true))
		return NULL;
	line = json_object();
	firn_json_text(line, "family", "unix");
	firn_json_text(line, "protocol", "unix");
	firn_json_text(line, "type", firn_network_type(message->udiag_type));
	firn_json_text(line, "state", firn_network_state(message->udiag_state));
	json_object_set_new(line, "inode", json_integer(message->udiag_ino));
	memcpy(&cookie, message->udiag_cookie, sizeof(cookie));
	firn_json_uint(line, "cookie", cookie);
	while ((attr = firn_netlink_attr((const char *)message +
						 NLMSG_ALIGN(sizeof(*message)),
					 mnl_nlmsg_get_payload_len(header) -
						 NLMSG_ALIGN(sizeof(*message)),
					 attr)) != NULL)
		set_attribute(dump, line, attr, message->udiag_state == 10);
	firn_network_set_owners(dump->network, message->udiag_ino, line);
	json_object_set_new(line, "source", json_string("sock_diag"));
	return line;
}

int
firn_network_unix(struct firn_network_dump *dump, struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) +
		    sizeof(struct unix_diag_req)]
		__attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct unix_diag_req *request =
		mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->sdiag_family = AF_UNIX;
	request->udiag_states = ~0U;
	request->udiag_show = SHOW_ALL;
	dump->line = line_of;
	return firn_network_dump(dump, header, err);
}
