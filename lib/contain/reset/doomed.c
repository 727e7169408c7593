#include "contain/reset/doomed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/socket_owner.h"
#include "host/netlink.h"
#include "host/netlink_json.h"
#include "host/netns.h"

#define DUMP_MAX_MS 5000

/* Connected, or about to be; without TIME_WAIT, which nobody holds and which
 * ends by itself. */
#define TCP_STATES                                                          \
	(1u << TCP_ESTABLISHED | 1u << TCP_SYN_SENT | 1u << TCP_SYN_RECV |  \
	 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 | 1u << TCP_CLOSE_WAIT | \
	 1u << TCP_LAST_ACK | 1u << TCP_CLOSING)
#define UDP_STATES (1u << TCP_ESTABLISHED)

/* One dump under way. */
struct search {
	struct firn_doomed_list *list;
	struct firn_owner *owner;
	size_t space;
	uint8_t protocol;
};

static size_t
address_len(const struct firn_doomed *socket)
{
	return socket->family == AF_INET ? 4 : 16;
}

static bool
is_loopback(const struct firn_doomed *socket)
{
	const unsigned char *remote =
		(const unsigned char *)socket->id.idiag_dst;
	static const unsigned char mapped[12] = { [10] = 0xff, 0xff };
	static const unsigned char one[16] = { [15] = 1 };

	if (socket->family == AF_INET)
		return remote[0] == 127;
	return memcmp(remote, one, sizeof(one)) == 0 ||
	       (memcmp(remote, mapped, sizeof(mapped)) == 0 &&
		remote[12] == 127);
}

static bool
stays_inside(const struct firn_doomed *socket)
{
	return is_loopback(socket) ||
	       memcmp(socket->id.idiag_src, socket->id.idiag_dst,
		      address_len(socket)) == 0;
}

static int
take(const struct search *search, const struct firn_doomed *socket,
     struct firn_err *err)
{
	struct firn_doomed_list *list = search->list;

	if (list->n == FIRN_DOOMED_MAX) {
		list->left_out++;
		return 0;
	}
	if (list->items == NULL)
		list->items = calloc(FIRN_DOOMED_MAX, sizeof(*list->items));
	if (list->items == NULL)
		return firn_err_nomem(err);
	list->items[list->n++] = *socket;
	return 0;
}

/* 0 for one that the kernel doesn't say it of. */
static uint64_t
cgroup_of(const struct nlmsghdr *header)
{
	size_t skip = NLMSG_ALIGN(sizeof(struct inet_diag_msg));
	const char *attrs = (const char *)mnl_nlmsg_get_payload(header) + skip;
	size_t len = mnl_nlmsg_get_payload_len(header) - skip;
	const struct nlattr *attr = NULL;
	uint64_t id;

	while ((attr = firn_netlink_attr(attrs, len, attr)) != NULL) {
		if (mnl_attr_get_type(attr) != INET_DIAG_CGROUP_ID ||
		    mnl_attr_get_payload_len(attr) != sizeof(id))
			continue;
		memcpy(&id, mnl_attr_get_payload(attr), sizeof(id));
		return id;
	}
	return 0;
}

static int
see(const struct nlmsghdr *header, void *arg, struct firn_err *err)
{
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	const struct search *search = arg;
	struct firn_doomed socket = { .space = search->space,
				      .protocol = search->protocol };
	bool own = search->list->spaces[search->space].own;
	int is_its;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message))
		return 0;
	socket.family = message->idiag_family;
	socket.state = message->idiag_state;
	socket.id = message->id;
	socket.inode = message->idiag_inode;
	socket.receive_bytes = message->idiag_rqueue;
	socket.send_bytes = message->idiag_wqueue;
	if (stays_inside(&socket))
		return 0;
	is_its = firn_owner_has(search->owner, socket.inode, cgroup_of(header),
				own, err);
	if (is_its <= 0)
		return is_its;
	return take(search, &socket, err);
}

/* Without extensions: TCP's own would wait for a socket that is locked, and a
 * suspect can hold that lock as long as it likes. */
static int
look(struct search *search, uint8_t family, struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) +
		    sizeof(struct inet_diag_req_v2)]
		__attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request =
		mnl_nlmsg_put_extra_header(header, sizeof(*request));
	const struct firn_netlink_question question = {
		.fd = search->list->spaces[search->space].diag_fd,
		.timeout_ms = DUMP_MAX_MS,
		.each = see,
		.arg = search,
	};
	struct firn_netlink_dumped dumped;

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->sdiag_family = family;
	request->sdiag_protocol = search->protocol;
	request->idiag_states =
		search->protocol == IPPROTO_TCP ? TCP_STATES : UDP_STATES;
	if (firn_netlink_dump(&question, header, &dumped, err) < 0)
		return -1;
	if (dumped.why.code == 0)
		return 0;
	*err = dumped.why;
	return firn_err_in(err, "list its sockets");
}

static int
look_everywhere(struct firn_doomed_list *list, struct firn_owner *owner,
		struct firn_err *err)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (size_t i = 0; i < 2 * list->n_spaces; i++) {
		struct search search = { list, owner, i / 2, protocols[i % 2] };

		if (look(&search, AF_INET, err) < 0 ||
		    look(&search, AF_INET6, err) < 0)
			return -1;
	}
	return 0;
}

static int
open_space(struct firn_doomed_space *ret, const struct firn_target *target,
	   const struct firn_space *from, bool own, struct firn_err *err)
{
	static const int protocol = NETLINK_SOCK_DIAG;
	autoclose int netns_fd = firn_space_open(target, from, err);
	int diag_fd;

	if (netns_fd < 0 ||
	    firn_netns_sockets(netns_fd, &protocol, 1, &diag_fd, err) < 0)
		return -1;
	if (diag_fd < 0)
		return firn_err_set(err, EPROTONOSUPPORT,
				    "this kernel has no sock_diag");
	*ret = (struct firn_doomed_space){
		.netns = from->inode,
		.netns_fd = firn_steal_fd(&netns_fd),
		.diag_fd = diag_fd,
		.own = own,
	};
	return 0;
}

static bool
is_gone(const struct firn_err *err)
{
	return err->code == ENOENT || err->code == ESRCH || err->code == ESTALE;
}

/* Its first process says which is its own; others may have joined another. */
static int
open_spaces(struct firn_doomed_list *list, const struct firn_target *target,
	    bool own, struct firn_err *err)
{
	struct firn_spaces found;

	firn_spaces_find(target, &found);
	if (found.n_more > 0)
		return firn_err_set(err, E2BIG,
				    "it is in more than %d network namespaces",
				    FIRN_SPACES);
	for (size_t i = 0; i < found.n; i++) {
		struct firn_err why = { 0 };

		if (open_space(&list->spaces[list->n_spaces], target,
			       &found.items[i], own && i == 0, &why) == 0) {
			list->n_spaces++;
			continue;
		}
		if (i == 0 || !is_gone(&why)) {
			*err = why;
			return -1;
		}
	}
	return 0;
}

int
firn_doomed_find(const struct firn_target *target, bool own_netns,
		 struct firn_doomed_list *ret, struct firn_err *err)
{
	autodone(firn_doomed_free) struct firn_doomed_list list = { 0 };
	autodone(firn_owner_close) struct firn_owner owner = { 0 };

	if (firn_owner_open(&owner, target, err) < 0 ||
	    open_spaces(&list, target, own_netns, err) < 0 ||
	    look_everywhere(&list, &owner, err) < 0)
		return -1;
	*ret = list;
	list = (struct firn_doomed_list){ 0 };
	return 0;
}

void
firn_doomed_free(struct firn_doomed_list *list)
{
	for (size_t i = 0; i < list->n_spaces; i++) {
		firn_auto_close(&list->spaces[i].netns_fd);
		firn_auto_close(&list->spaces[i].diag_fd);
	}
	free(list->items);
	*list = (struct firn_doomed_list){ 0 };
}

/* As tcp_need_reset() of the kernel has it. */
bool
firn_doomed_has_peer(const struct firn_doomed *socket)
{
	return socket->protocol == IPPROTO_TCP &&
	       (socket->state == TCP_ESTABLISHED ||
		socket->state == TCP_CLOSE_WAIT ||
		socket->state == TCP_FIN_WAIT1 ||
		socket->state == TCP_FIN_WAIT2 ||
		socket->state == TCP_SYN_RECV);
}

static void
set_end(json_t *object, const char *key, const struct firn_doomed *socket,
	const __be32 *address, __be16 port)
{
	char text[INET6_ADDRSTRLEN] = "?", end[INET6_ADDRSTRLEN + 16];

	inet_ntop(socket->family, address, text, sizeof(text));
	snprintf(end, sizeof(end),
		 socket->family == AF_INET ? "%s:%u" : "[%s]:%u", text,
		 ntohs(port));
	firn_json_text(object, key, end);
}

static json_t *
one_json(const struct firn_doomed *socket)
{
	static const char *const states[] = {
		[TCP_ESTABLISHED] = "established",
		[TCP_SYN_SENT] = "syn_sent",
		[TCP_SYN_RECV] = "syn_received",
		[TCP_FIN_WAIT1] = "fin_wait_1",
		[TCP_FIN_WAIT2] = "fin_wait_2",
		[TCP_CLOSE_WAIT] = "close_wait",
		[TCP_LAST_ACK] = "last_ack",
		[TCP_CLOSING] = "closing",
	};
	json_t *object = json_object();

	firn_json_text(object, "family",
		       socket->family == AF_INET ? "inet" : "inet6");
	firn_json_text(object, "protocol",
		       socket->protocol == IPPROTO_TCP ? "tcp" : "udp");
	set_end(object, "local", socket, socket->id.idiag_src,
		socket->id.idiag_sport);
	set_end(object, "remote", socket, socket->id.idiag_dst,
		socket->id.idiag_dport);
	if (socket->state < sizeof(states) / sizeof(states[0]))
		firn_json_text(object, "state", states[socket->state]);
	firn_json_uint(object, "inode", socket->inode);
	firn_json_uint(object, "receive_queue_bytes", socket->receive_bytes);
	firn_json_uint(object, "send_queue_bytes", socket->send_bytes);
	return object;
}

json_t *
firn_doomed_json(const struct firn_doomed_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, one_json(&list->items[i]));
	return array;
}
