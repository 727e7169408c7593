#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/network.h"
#include "host/borrow.h"
#include "host/proc.h"

/*
 * network_unlisted -- sockets that a process holds and no list has.
 *
 * Most are harmless: a TCP socket that is neither bound nor connected stands
 * nowhere, nor does one of a family that has no list.  But a socket may also
 * belong to a namespace that nobody is in any more, or be hidden.
 *
 * pidfd_getfd(2) gives us the socket itself for a moment; asking its options
 * changes nothing.
 */

#define ASKED_MAX 4096
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

/* A descriptor of ours for theirs; it is that socket, or -1. */
static int
borrow(const struct firn_socket_owner *owner)
{
	struct firn_err why = { 0 };

	return firn_borrow(owner->pid, owner->tid, owner->fd, owner->inode,
			   &why);
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) < 0 ? -1 : value;
}

static void
set_address(json_t *line, const char *key, int fd,
	    int (*ask)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);

	if (ask(fd, (struct sockaddr *)&address, &len) == 0 &&
	    len <= sizeof(address))
		firn_json_hex(line, key, &address, len);
}

static int
local_name(int fd, struct sockaddr *ret, socklen_t *len)
{
	return getsockname(fd, ret, len);
}

static int
peer_name(int fd, struct sockaddr *ret, socklen_t *len)
{
	return getpeername(fd, ret, len);
}

/* Should a list have had it? */
static bool
is_hidden(int fd, int domain, int protocol)
{
	struct sockaddr_in6 address = { 0 };
	socklen_t len = sizeof(address);
	struct tcp_info info = { 0 };

	switch (domain) {
	case AF_UNIX:
	case AF_PACKET:
	case AF_NETLINK:
		return true;
	case AF_INET:
	case AF_INET6:
		break;
	default:
		return false;
	}
	if (protocol == IPPROTO_TCP) {
		len = sizeof(info);
		return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) ==
			       0 &&
		       info.tcpi_state != TCP_CLOSE;
	}
	/* The port stands at the same place in both. */
	return protocol == IPPROTO_UDP &&
	       getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	       address.sin6_port != 0;
}

static const char *
family_of(int domain)
{
	switch (domain) {
	case AF_UNIX:
		return "unix";
	case AF_INET:
		return "inet";
	case AF_INET6:
		return "inet6";
	case AF_PACKET:
		return "packet";
	case AF_NETLINK:
		return "netlink";
	case AF_ALG:
		return "alg";
	case AF_VSOCK:
		return "vsock";
	case AF_BLUETOOTH:
		return "bluetooth";
	case AF_CAN:
		return "can";
	case AF_XDP:
		return "xdp";
	default:
		return "other";
	}
}

static json_t *
describe(const struct firn_network *network,
	 const struct firn_socket_owner *owner, int fd, bool *ret_hidden)
{
	json_t *line = json_object();

	*ret_hidden = false;
	if (fd >= 0) {
		int domain = option(fd, SOL_SOCKET, SO_DOMAIN);
		int protocol = option(fd, SOL_SOCKET, SO_PROTOCOL);

		firn_json_text(line, "family", family_of(domain));
		json_object_set_new(line, "domain", json_integer(domain));
		json_object_set_new(line, "ip_protocol",
				    json_integer(protocol));
		firn_json_text(line, "type",
			       firn_network_type((unsigned)option(fd,
								  SOL_SOCKET,
								  SO_TYPE)));
		set_address(line, "local_raw", fd, local_name);
		set_address(line, "remote_raw", fd, peer_name);
		*ret_hidden = is_hidden(fd, domain, protocol);
	}
	firn_json_uint(line, "inode", owner->inode);
	firn_network_set_owners(network, owner->inode, line);
	json_object_set_new(line, "source", json_string("descriptor"));
	return line;
}

/* The view of a socket's namespace; NULL if that can't be known. */
static const struct firn_network_view *
view_of(const struct firn_network *network, int fd)
{
	autoclose int netns_fd = fd < 0 ? -1 : ioctl(fd, SIOCGSKNS);
	struct stat st;

	if (netns_fd < 0 || fstat(netns_fd, &st) < 0)
		return NULL;
	for (size_t i = 0; i < network->n_views; i++) {
		if (network->views[i].inode == st.st_ino)
			return &network->views[i];
	}
	return NULL;
}

static int
write_down(struct firn_network *network, const struct firn_socket_owner *owner,
	   struct firn_err *err)
{
	static const struct firn_network_view nowhere = { 0 };
	autoclose int fd = borrow(owner);
	const struct firn_network_view *view = view_of(network, fd);
	bool hidden;
	json_t *line = describe(network, owner, fd, &hidden), *finding;

	if (view == NULL)
		view = &nowhere;
	if (firn_network_add(network, view, FIRN_NET_SOCKETS, line, err) < 0)
		return -1;
	if (!hidden || (view->net_fd < 0 && view->diag_fd < 0))
		return 0;
	finding = json_object();
	firn_json_uint(finding, "inode", owner->inode);
	firn_json_text(finding, "only_in", "descriptors");
	/* It may have been made since. */
	json_object_set_new(finding, "confirmed", json_false());
	firn_network_set_owners(network, owner->inode, finding);
	return firn_network_add(network, view, FIRN_NET_DISAGREEMENTS, finding,
				err);
}

static void
adopt(struct firn_network *network, const struct firn_socket_owner *owner)
{
	autoclose int fd = borrow(owner);
	int netns_fd = fd < 0 ? -1 : ioctl(fd, SIOCGSKNS);
	struct firn_err why = { 0 };

	/* The socket will stand there without one. */
	if (netns_fd >= 0 && firn_network_adopt(network, netns_fd, &why) < 0)
		firn_network_gap(network, "the namespace of a socket", &why);
}

int
firn_network_unlisted(struct firn_network *network, bool first,
		      struct firn_err *err)
{
	const struct firn_socket_owners *owners = &network->owners;
	struct firn_err why = { 0 };
	uint64_t before = 0;
	size_t n_asked = 0;

	firn_inodes_sort(&network->seen);
	for (size_t i = 0; i < owners->n; i++) {
		const struct firn_socket_owner *owner = &owners->items[i];

		if (!owner->member || owner->inode == before ||
		    firn_inodes_have(&network->seen, owner->inode))
			continue;
		before = owner->inode;
		if (n_asked++ == ASKED_MAX) {
			firn_err_set(&why, EFBIG,
				     "only the first %d are described",
				     ASKED_MAX);
			firn_network_gap(network, "sockets that no list has",
					 &why);
			break;
		}
		if (first)
			adopt(network, owner);
		else if (write_down(network, owner, err) < 0)
			return -1;
	}
	return 0;
}
