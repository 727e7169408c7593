#include "host/netlink.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "base/auto.h"
#include "base/clock.h"

/* The kernel fills what the reader offers, up to 32 KiB. */
#define BUFFER_SIZE 65536

/* Wait for more of the answer; false with `why`. */
static bool
has_more(int fd, uint64_t deadline_ns, struct firn_err *why)
{
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	int ready;

	do {
		uint64_t now = firn_monotonic_ns();
		uint64_t left_ms =
			now < deadline_ns ? (deadline_ns - now) / 1000000 : 0;

		/* Also an answer that never ends comes to its end here. */
		ready = left_ms == 0 ? 0 : poll(&answer, 1, (int)left_ms);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		firn_err_set(why, ETIMEDOUT, "the kernel's answer took long");
	else if (ready < 0)
		firn_err_sys(why, "wait for the kernel");
	return ready > 0;
}

/* Only the kernel, which is port 0, may answer. */
static ssize_t
receive(int fd, char *buffer, struct firn_err *why)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		struct iovec part = { buffer, BUFFER_SIZE };
		struct msghdr message = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &part,
			.msg_iovlen = 1,
		};
		ssize_t len = recvmsg(fd, &message, MSG_DONTWAIT);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return firn_err_sys(why, "receive");
		if ((message.msg_flags & MSG_TRUNC) != 0)
			return firn_err_set(why, EMSGSIZE, "a message was cut");
		if (from.nl_pid == 0)
			return len;
		return 0;
	}
}

/* NLMSG_ERROR, or NLMSG_DONE, which holds a negative errno(3) or 0. */
static void
note_end(const struct nlmsghdr *message, struct firn_err *why)
{
	int code = 0;

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(code))
		code = *(const int *)mnl_nlmsg_get_payload(message);
	if (code >= 0)
		return;
	errno = -code;
	firn_err_sys(why, "the kernel says");
}

/* The messages of one datagram.  Returns 1 for more to come, 0 at the end. */
static int
parse(const char *buffer, size_t size, uint32_t seq, firn_netlink_fn *each,
      void *arg, struct firn_netlink_dumped *ret, struct firn_err *err)
{
	const struct nlmsghdr *message =
		(const struct nlmsghdr *)(const void *)buffer;
	int left = (int)size;

	for (; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_seq != seq)
			continue;
		if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			ret->interrupted = true;
		if (message->nlmsg_type == NLMSG_ERROR ||
		    message->nlmsg_type == NLMSG_DONE) {
			note_end(message, &ret->why);
			return 0;
		}
		if (message->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		ret->messages++;
		if (each(message, arg, err) < 0)
			return -1;
	}
	if (left <= 0)
		return 1;
	firn_err_set(&ret->why, EBADMSG, "%d bytes that are no message", left);
	return 0;
}

static uint32_t
next_sequence(void)
{
	/* Told apart is only what comes over one socket. */
	static _Atomic uint32_t sequence;

	return ++sequence;
}

int
firn_netlink_dump(int fd, struct nlmsghdr *request, unsigned timeout_ms,
		  firn_netlink_fn *each, void *arg,
		  struct firn_netlink_dumped *ret, struct firn_err *err)
{
	uint64_t deadline_ns =
		firn_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
	autofree char *buffer = malloc(BUFFER_SIZE);
	int more = 1;

	*ret = (struct firn_netlink_dumped){ 0 };
	if (buffer == NULL)
		return firn_err_nomem(err);
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = next_sequence();
	if (send(fd, request, request->nlmsg_len, 0) < 0) {
		firn_err_sys(&ret->why, "ask the kernel");
		return 0;
	}
	while (more > 0) {
		ssize_t len;

		if (!has_more(fd, deadline_ns, &ret->why))
			return 0;
		len = receive(fd, buffer, &ret->why);
		if (len < 0)
			return 0;
		more = parse(buffer, (size_t)len, request->nlmsg_seq, each, arg,
			     ret, err);
	}
	return more;
}
