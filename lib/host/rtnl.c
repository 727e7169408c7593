#include "host/rtnl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include "base/auto.h"

/* As much as the kernel puts in one answer of a dump. */
#define ANSWER 32768

#define DUMP_TRIES 3

/* No machine of ours has more; each costs 96 bytes. */
#define LINKS_MAX 100000

int
firn_rtnl_open(struct firn_err *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return firn_err_sys(err, "open rtnetlink");
	return fd;
}

static int
send_request(int fd, struct nlmsghdr *request, uint16_t flags,
	     struct firn_err *err)
{
	static unsigned sequence;
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct timeval wait = { .tv_sec = 2 };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
		return firn_err_sys(err, "rtnetlink");
	request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request->nlmsg_seq = ++sequence;
	if (sendto(fd, request, request->nlmsg_len, 0,
		   (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return firn_err_sys(err, "ask rtnetlink");
	return 0;
}

/* What stands between mnl's callback and a reader. */
struct reading {
	const struct firn_rtnl_reader *reader;
	struct firn_err *err;
	bool failed; /* the reader did, and said why */
};

static int
pass_on(const struct nlmsghdr *answer, void *arg)
{
	struct reading *reading = arg;
	const struct firn_rtnl_reader *reader = reading->reader;

	if (reader == NULL)
		return MNL_CB_OK;
	if (reader->each(answer, reader->arg, reading->err) == 0)
		return MNL_CB_OK;
	reading->failed = true;
	return MNL_CB_ERROR;
}

/* An interrupted dump is read to its end all the same, because the kernel
 * begins no other before.  mnl would stop at the flag, so it is taken off here.
 */
static bool
was_interrupted(unsigned char *answer, size_t size)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)answer;
	bool interrupted = false;
	int left = (int)size;

	while (mnl_nlmsg_ok(message, left)) {
		if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			interrupted = true;
		message->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
		message = mnl_nlmsg_next(message, &left);
	}
	return interrupted;
}

/* Until the end of the dump, or the kernel's word on a single request.  What
 * somebody else may have sent us is skipped. */
static int
receive(int fd, const struct nlmsghdr *request, struct reading *reading)
{
	unsigned char answer[ANSWER]
		__attribute__((aligned(__alignof__(struct nlmsghdr))));
	bool interrupted = false;
	int state = MNL_CB_OK;

	while (state > MNL_CB_STOP) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, answer, sizeof(answer), MSG_TRUNC,
				       (struct sockaddr *)&from, &from_len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -1;
		if ((size_t)len > sizeof(answer)) {
			errno = EMSGSIZE;
			return -1;
		}
		if (from.nl_pid != 0)
			continue;
		if (was_interrupted(answer, (size_t)len))
			interrupted = true;
		state = mnl_cb_run(answer, (size_t)len, request->nlmsg_seq, 0,
				   pass_on, reading);
	}
	if (state == MNL_CB_STOP && interrupted) {
		errno = EINTR;
		return -1;
	}
	return state;
}

static int
exchange(int fd, struct nlmsghdr *request, uint16_t flags,
	 struct reading *reading)
{
	if (send_request(fd, request, flags, reading->err) < 0) {
		reading->failed = true;
		return -1;
	}
	return receive(fd, request, reading);
}

int
firn_rtnl_dump(int fd, struct nlmsghdr *request,
	       const struct firn_rtnl_reader *reader, struct firn_err *err)
{
	struct reading reading = { .reader = reader, .err = err };

	for (int i = 0; i < DUMP_TRIES; i++) {
		if (i > 0 && reader->restart != NULL)
			reader->restart(reader->arg);
		if (exchange(fd, request, NLM_F_DUMP, &reading) == 0)
			return 0;
		if (reading.failed)
			return -1;
		if (errno != EINTR)
			break;
	}
	return firn_err_sys(err, "read from rtnetlink");
}

int
firn_rtnl_ask(int fd, struct nlmsghdr *request, uint16_t flags,
	      struct firn_err *err)
{
	struct reading reading = { .err = err };

	if (exchange(fd, request, (uint16_t)(NLM_F_ACK | flags), &reading) == 0)
		return 0;
	if (reading.failed)
		return -1;
	return firn_err_sys(err, "rtnetlink");
}

const struct nlattr *
firn_rtnl_attr(const struct nlmsghdr *message, size_t header_size,
	       uint16_t type)
{
	const char *tail = mnl_nlmsg_get_payload_tail(message);
	const struct nlattr *attr =
		mnl_nlmsg_get_payload_offset(message, header_size);

	while (mnl_attr_ok(attr, (int)(tail - (const char *)attr))) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
		attr = mnl_attr_next(attr);
	}
	return NULL;
}

const struct nlattr *
firn_rtnl_nested(const struct nlattr *nest, uint16_t type)
{
	const char *tail;
	const struct nlattr *attr;

	if (nest == NULL)
		return NULL;
	attr = mnl_attr_get_payload(nest);
	tail = (const char *)attr + mnl_attr_get_payload_len(nest);
	while (mnl_attr_ok(attr, (int)(tail - (const char *)attr))) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
		attr = mnl_attr_next(attr);
	}
	return NULL;
}

const char *
firn_rtnl_text(const struct nlattr *attr)
{
	if (attr == NULL || mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return "";
	return mnl_attr_get_str(attr);
}

uint32_t
firn_rtnl_number(const struct nlattr *attr)
{
	if (attr == NULL || mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return 0;
	return mnl_attr_get_u32(attr);
}

static const struct nlattr *
link_attr(const struct nlmsghdr *answer, uint16_t type)
{
	return firn_rtnl_attr(answer, sizeof(struct ifinfomsg), type);
}

static void
read_link(const struct nlmsghdr *answer, struct firn_link *link)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(answer);
	const struct nlattr *attr;
	size_t len;

	*link = (struct firn_link){ .ifindex = (uint32_t)header->ifi_index,
				    .flags = header->ifi_flags,
				    .type = header->ifi_type,
				    .peer_nsid = -1 };
	snprintf(link->name, sizeof(link->name), "%s",
		 firn_rtnl_text(link_attr(answer, IFLA_IFNAME)));
	snprintf(link->kind, sizeof(link->kind), "%s",
		 firn_rtnl_text(
			 firn_rtnl_nested(link_attr(answer, IFLA_LINKINFO),
					  IFLA_INFO_KIND)));
	link->peer = firn_rtnl_number(link_attr(answer, IFLA_LINK));
	link->tx_queue_len = firn_rtnl_number(link_attr(answer, IFLA_TXQLEN));
	attr = link_attr(answer, IFLA_LINK_NETNSID);
	if (attr != NULL) {
		link->elsewhere = true;
		link->peer_nsid = (int32_t)firn_rtnl_number(attr);
	}
	attr = link_attr(answer, IFLA_ADDRESS);
	len = attr == NULL ? 0 : mnl_attr_get_payload_len(attr);
	if (len > 0 && len <= sizeof(link->address)) {
		memcpy(link->address, mnl_attr_get_payload(attr), len);
		link->address_len = len;
	}
}

struct links {
	struct firn_link *items;
	size_t n, size;
};

static void
forget_links(void *arg)
{
	((struct links *)arg)->n = 0;
}

static int
add_link(const struct nlmsghdr *answer, void *arg, struct firn_err *err)
{
	struct links *links = arg;
	struct firn_link *link;

	if (answer->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(answer) < sizeof(struct ifinfomsg))
		return 0;
	if (links->n == LINKS_MAX)
		return firn_err_set(err, E2BIG, "more than %d interfaces",
				    LINKS_MAX);
	if (links->n == links->size) {
		size_t size = links->size == 0 ? 32 : 2 * links->size;

		link = reallocarray(links->items, size, sizeof(*link));
		if (link == NULL)
			return firn_err_nomem(err);
		links->items = link;
		links->size = size;
	}
	link = &links->items[links->n++];
	read_link(answer, link);
	return 0;
}

int
firn_rtnl_links(int fd, struct firn_link **ret, size_t *ret_n,
		struct firn_err *err)
{
	unsigned char buffer[64]
		__attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct links links = { 0 };
	const struct firn_rtnl_reader reader = { add_link, forget_links,
						 &links };

	request->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	if (firn_rtnl_dump(fd, request, &reader, err) < 0) {
		free(links.items);
		return firn_err_in(err, "list interfaces");
	}
	*ret = links.items;
	*ret_n = links.n;
	return 0;
}

static int
read_nsid(const struct nlmsghdr *answer, void *arg, struct firn_err *err)
{
	const struct nlattr *attr =
		firn_rtnl_attr(answer, sizeof(struct rtgenmsg), NETNSA_NSID);

	(void)err;
	if (attr != NULL)
		*(int32_t *)arg = (int32_t)firn_rtnl_number(attr);
	return 0;
}

int
firn_rtnl_nsid(int fd, int netns_fd, int32_t *ret, struct firn_err *err)
{
	unsigned char buffer[64]
		__attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int32_t nsid = -1;
	const struct firn_rtnl_reader reader = { read_nsid, NULL, &nsid };
	struct reading reading = { .reader = &reader, .err = err };

	request->nlmsg_type = RTM_GETNSID;
	mnl_nlmsg_put_extra_header(request, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(request, NETNSA_FD, (uint32_t)netns_fd);
	if (exchange(fd, request, NLM_F_ACK, &reading) < 0)
		return reading.failed ? -1
				      : firn_err_sys(err, "number of a network "
							  "namespace");
	*ret = nsid;
	return 0;
}
