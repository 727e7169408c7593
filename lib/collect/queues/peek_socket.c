#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collect/queues/peek.h"

/* One sendmsg(2) passes no more: SCM_MAX_FD. */
#define FLYING_PER_MESSAGE 253

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(FLYING_PER_MESSAGE * sizeof(int))];
};

/* What has been handed to us meanwhile; it is looked at once the socket is as
 * before. */
struct flying {
	bool take;
	size_t n;
	int fds[FIRN_PEEK_FLYING];
	uint64_t at[FIRN_PEEK_FLYING];
};

/* Past those that are described they are only let go. */
static void
keep_flying(struct flying *flying, const int *fds, size_t n, uint64_t at)
{
	for (size_t i = 0; i < n; i++) {
		if (flying->n == FIRN_PEEK_FLYING) {
			close(fds[i]);
			continue;
		}
		flying->fds[flying->n] = fds[i];
		flying->at[flying->n++] = at;
	}
}

static void
take_control(struct msghdr *message, struct flying *flying, uint64_t at)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
	     head = CMSG_NXTHDR(message, head)) {
		int fds[FLYING_PER_MESSAGE];
		size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (head->cmsg_level != SOL_SOCKET ||
		    (head->cmsg_type != SCM_RIGHTS &&
		     head->cmsg_type != 4 /* SCM_PIDFD */) ||
		    n > FLYING_PER_MESSAGE)
			continue;
		memcpy(fds, CMSG_DATA(head), n * sizeof(int));
		if (head->cmsg_type == SCM_RIGHTS)
			keep_flying(flying, fds, n, at);
		else
			close(fds[0]); /* made for us by SO_PASSPIDFD */
	}
}

/* Reading would take it away from its owner. */
static bool
has_error(int fd)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };

	return poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLERR) != 0;
}

static bool
has_ended(int fd)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN | POLLRDHUP };

	return poll(&waiting, 1, 0) > 0 &&
	       (waiting.revents & (POLLRDHUP | POLLHUP)) != 0;
}

/* One recvmsg(2) behind what there is; its length, or -1. */
static ssize_t
take(int fd, struct firn_peeked *ret, struct firn_peek_message *sender,
     size_t max, struct flying *flying)
{
	union control control;
	struct iovec part = { ret->data + ret->bytes, max };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	uint64_t at = sender != NULL ? ret->n_messages : ret->bytes;
	int flags = MSG_PEEK | MSG_DONTWAIT;
	ssize_t n;

	if (sender != NULL) {
		flags |= MSG_TRUNC;
		message.msg_name = &sender->address;
		message.msg_namelen = sizeof(sender->address);
	}
	if (flying->take && flying->n < FIRN_PEEK_FLYING) {
		flags |= MSG_CMSG_CLOEXEC; /* packet(7) refuses it */
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	n = recvmsg(fd, &message, flags);
	if (n < 0)
		return -1;
	if (message.msg_control != NULL)
		take_control(&message, flying, at);
	if ((message.msg_flags & MSG_CTRUNC) != 0)
		ret->closed_in = true;
	if (sender != NULL)
		sender->address_len =
			message.msg_namelen <= sizeof(sender->address)
				? message.msg_namelen
				: sizeof(sender->address);
	return n;
}

static void
take_stream(int fd, struct firn_peeked *ret, struct flying *flying)
{
	ssize_t n = take(fd, ret, NULL, FIRN_PEEK_DATA, flying);

	if (n < 0)
		ret->code = errno;
	else
		ret->bytes = (uint64_t)n;
}

/* A stream ends where its length says, and an empty one is not asked. */
static void
walk_stream(int fd, struct firn_peeked *ret, struct flying *flying)
{
	uint64_t there = ret->survey.receive_bytes < 0
				 ? 0
				 : (uint64_t)ret->survey.receive_bytes;

	while (ret->bytes < there) {
		ssize_t n = 0;

		if (ret->bytes < FIRN_PEEK_DATA)
			n = take(fd, ret, NULL, FIRN_PEEK_DATA - ret->bytes,
				 flying);
		if (n < 0)
			ret->code = errno;
		if (n <= 0)
			return;
		ret->bytes += (uint64_t)n;
	}
}

/* False when there is no more. */
static bool
take_message(int fd, struct firn_peeked *ret, size_t max, struct flying *flying)
{
	struct firn_peek_message *message = &ret->messages[ret->n_messages];
	size_t room = FIRN_PEEK_DATA - ret->bytes;
	ssize_t n;

	if (ret->n_messages == FIRN_PEEK_MESSAGES || room == 0) {
		ret->cut = true;
		return false;
	}
	if (has_error(fd)) {
		ret->code = EBUSY;
		return false;
	}
	if (room > max)
		room = max;
	memset(message, 0, sizeof(*message));
	n = take(fd, ret, message, room, flying);
	if (n < 0 && errno != EAGAIN)
		ret->code = errno;
	/* An empty message, or the end of a connection? */
	if (n < 0 ||
	    (n == 0 && ret->survey.type == SOCK_SEQPACKET && has_ended(fd)))
		return false;
	message->bytes = (uint64_t)n;
	message->kept = message->bytes < room ? message->bytes : room;
	ret->cut |= message->kept < message->bytes;
	ret->bytes += message->kept;
	ret->n_messages++;
	return true;
}

static void
set_offset(int fd, int offset, struct firn_peeked *ret)
{
	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) <
	    0)
		ret->code = errno;
	else
		ret->changed = true;
}

static void
put_back(int fd, int offset, struct firn_peeked *ret)
{
	if (ret->changed)
		ret->restored = setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset,
					   sizeof(offset)) == 0;
}

static void
walk(int fd, int offset, struct firn_peeked *ret, struct flying *flying)
{
	set_offset(fd, 0, ret);
	if (ret->changed && ret->survey.type == SOCK_STREAM)
		walk_stream(fd, ret, flying);
	else if (ret->changed)
		while (take_message(fd, ret, FIRN_PEEK_DATA, flying))
			;
	put_back(fd, offset, ret);
}

/* The kernel makes the parts of a dump as large as the largest buffer that
 * its reader has shown (max_recvmsg_len), and never smaller than this: what
 * is no larger than that leaves no trace. */
#define NETLINK_MAX 3072

void
firn_peek_socket(int fd, const struct firn_peek_request *request, int self_fd,
		 struct firn_peeked *ret)
{
	static struct flying flying;

	flying.n = 0;
	flying.take = request->take_flying;
	switch (request->how) {
	case FIRN_PEEK_STREAM:
		take_stream(fd, ret, &flying);
		break;
	case FIRN_PEEK_HELD:
		set_offset(fd, -1, ret);
		if (ret->changed)
			take_stream(fd, ret, &flying);
		put_back(fd, request->peek_offset, ret);
		break;
	case FIRN_PEEK_WALK:
		walk(fd, request->peek_offset, ret, &flying);
		break;
	case FIRN_PEEK_FIRST:
		take_message(fd, ret,
			     ret->survey.domain == AF_NETLINK ? NETLINK_MAX
							      : FIRN_PEEK_DATA,
			     &flying);
		break;
	case FIRN_PEEK_SURVEY:
	case FIRN_PEEK_PIPE:
	case FIRN_PEEK_SENT:
		return;
	}
	firn_peek_describe(flying.fds, flying.n, flying.at, self_fd, ret);
}
