#include "contain/cut/unix_peers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/cut/socket_owner.h"
#include "contain/cut/spaces.h"
#include "host/holders.h"
#include "host/netlink.h"
#include "host/netlink_json.h"
#include "host/netns.h"

#define DUMP_MAX_MS 5000
#define OTHERS_MAX_NS 3000000000ull
#define PEERS_MAX 256

/* sizeof(sun_path), with the NUL that may not be there. */
#define NAME_MAX_LEN 109

struct peer {
	uint32_t inode, other; /* of our end and of the other one */
	uint8_t type;
	char name[NAME_MAX_LEN];
	size_t name_len;
};

struct search {
	struct firn_holders members, others;
	struct peer *items;
	size_t n;
	bool names_only; /* the second time */
};

static void
close_search(struct search *search)
{
	firn_holders_free(&search->members);
	firn_holders_free(&search->others);
	free(search->items);
}

static bool
is_held(struct firn_holders *holders, uint32_t inode)
{
	size_t n;

	return firn_holders_of(holders, inode, &n) != NULL;
}

static void
take_name(struct peer *peer, const struct nlattr *attr)
{
	size_t len = attr == NULL ? 0 : mnl_attr_get_payload_len(attr);

	if (len == 0 || len > sizeof(peer->name) || peer->name_len > 0)
		return;
	memcpy(peer->name, mnl_attr_get_payload(attr), len);
	peer->name_len = len;
	if (peer->name[0] == '\0')
		peer->name[0] = '@';
	else
		peer->name_len = strnlen(peer->name, len);
}

/* Those of one socket that are wanted. */
struct told {
	const struct nlattr *name;
	uint32_t peer;
};

static struct told
read_attributes(const struct nlmsghdr *message)
{
	size_t skip = NLMSG_ALIGN(sizeof(struct unix_diag_msg));
	const char *attrs = (const char *)mnl_nlmsg_get_payload(message) + skip;
	size_t len = mnl_nlmsg_get_payload_len(message) - skip;
	const struct nlattr *attr = NULL;
	struct told told = { 0 };

	while ((attr = firn_netlink_attr(attrs, len, attr)) != NULL) {
		if (mnl_attr_get_type(attr) == UNIX_DIAG_NAME)
			told.name = attr;
		if (mnl_attr_get_type(attr) == UNIX_DIAG_PEER &&
		    mnl_attr_get_payload_len(attr) == sizeof(told.peer))
			memcpy(&told.peer, mnl_attr_get_payload(attr),
			       sizeof(told.peer));
	}
	return told;
}

static int
see(const struct nlmsghdr *message, void *arg, struct firn_err *err)
{
	const struct unix_diag_msg *diag = mnl_nlmsg_get_payload(message);
	struct search *search = arg;
	struct told told;
	struct peer *peer;

	(void)err;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*diag))
		return 0;
	told = read_attributes(message);
	for (size_t i = 0; i < search->n; i++)
		if (search->items[i].other == diag->udiag_ino)
			take_name(&search->items[i], told.name);
	if (search->names_only || told.peer == 0 || search->n == PEERS_MAX ||
	    !is_held(&search->members, diag->udiag_ino) ||
	    is_held(&search->members, told.peer))
		return 0;
	peer = &search->items[search->n++];
	*peer = (struct peer){ .inode = diag->udiag_ino,
			       .other = told.peer,
			       .type = diag->udiag_type };
	take_name(peer, told.name);
	return 0;
}

static int
dump(struct search *search, int fd, struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) +
		    sizeof(struct unix_diag_req)]
		__attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct unix_diag_req *request =
		mnl_nlmsg_put_extra_header(header, sizeof(*request));
	const struct firn_netlink_question question = {
		.fd = fd,
		.timeout_ms = DUMP_MAX_MS,
		.each = see,
		.arg = search,
	};
	struct firn_netlink_dumped dumped;

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->sdiag_family = AF_UNIX;
	request->udiag_states = ~0U;
	request->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER;
	if (firn_netlink_dump(&question, header, &dumped, err) < 0)
		return -1;
	if (dumped.why.code == 0)
		return 0;
	*err = dumped.why;
	return firn_err_in(err, "list its unix sockets");
}

/* In its namespace, and in ours, where some of its processes may be; then the
 * other ends' names in both. */
static int
dump_all(struct search *search, const struct firn_target *target,
	 struct firn_err *err)
{
	static const int protocol = NETLINK_SOCK_DIAG;
	autoclose int netns_fd = -1, inside_fd = -1, here_fd = -1;
	bool is_ours;
	uint64_t own;

	netns_fd = firn_proc_open(target->host, target->init_pid, "ns/net",
				  O_RDONLY, err);
	if (netns_fd < 0 || firn_own_netns(&own, err) < 0 ||
	    firn_netns_sockets(netns_fd, &protocol, 1, &inside_fd, err) < 0)
		return -1;
	is_ours = own == target->namespaces.inode[FIRN_NS_NET];
	here_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (inside_fd < 0 || here_fd < 0)
		return firn_err_set(err, EPROTONOSUPPORT,
				    "this kernel has no sock_diag");
	for (int round = 0; round < 2; round++) {
		search->names_only = round == 1;
		if (dump(search, here_fd, err) < 0 ||
		    (!is_ours && dump(search, inside_fd, err) < 0))
			return -1;
		if (search->n == 0)
			break;
	}
	return 0;
}

static const struct firn_member *
member(const struct firn_target *target, pid_t pid)
{
	for (size_t i = 0; i < target->members.n; i++)
		if (target->members.items[i].pid == pid)
			return &target->members.items[i];
	return NULL;
}

static int
ask_others(struct search *search, const struct firn_target *target,
	   struct firn_err *err)
{
	uint64_t start_ns = firn_monotonic_ns();
	autofree pid_t *pids = NULL;
	size_t n;

	if (firn_proc_pids(target->host, &pids, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct firn_member *known = member(target, pids[i]);

		if (firn_monotonic_ns() - start_ns > OTHERS_MAX_NS)
			return 0; /* those that are left have no peer_pid */
		if ((known == NULL || !firn_owner_is_member(known)) &&
		    firn_holders_add(&search->others, target->host, pids[i],
				     err) < 0)
			return -1;
	}
	return 0;
}

static const char *
type_of(const struct peer *peer)
{
	if (peer->type == SOCK_STREAM)
		return "stream";
	return peer->type == SOCK_DGRAM ? "datagram" : "seqpacket";
}

static json_t *
one_json(struct search *search, const struct firn_target *target,
	 const struct peer *peer)
{
	json_t *object = json_object();
	const struct firn_holder *holder;
	struct firn_proc_stat stat;
	struct firn_err gone;
	size_t n;

	firn_json_text(object, "kind", "connection");
	holder = firn_holders_of(&search->members, peer->inode, &n);
	if (holder != NULL) {
		firn_json_uint(object, "pid", (uint64_t)holder->pid);
		firn_json_uint(object, "fd", (uint64_t)holder->fd);
	}
	firn_json_text(object, "type", type_of(peer));
	if (peer->name_len > 0)
		firn_json_bytes(object, "path", peer->name, peer->name_len);
	holder = firn_holders_of(&search->others, peer->other, &n);
	if (holder == NULL)
		return object;
	firn_json_uint(object, "peer_pid", (uint64_t)holder->pid);
	if (firn_proc_stat(target->host, holder->pid, &stat, &gone) == 0)
		firn_json_bytes(object, "peer_comm", stat.comm, stat.comm_len);
	return object;
}

int
firn_unix_peers(const struct firn_target *target, json_t *array,
		struct firn_err *err)
{
	autodone(close_search) struct search search = { 0 };

	search.items = calloc(PEERS_MAX, sizeof(*search.items));
	if (search.items == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < target->members.n; i++)
		if (firn_owner_is_member(&target->members.items[i]) &&
		    firn_holders_add(&search.members, target->host,
				     target->members.items[i].pid, err) < 0)
			return -1;
	if (dump_all(&search, target, err) < 0)
		return -1;
	if (search.n > 0 && ask_others(&search, target, err) < 0)
		return -1;
	for (size_t i = 0; i < search.n; i++)
		json_array_append_new(array, one_json(&search, target,
						      &search.items[i]));
	return 0;
}
