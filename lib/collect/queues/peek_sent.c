#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "collect/queues/peek.h"

/*
 * peek_sent -- TCP's send queue, which only a socket "in repair" shows.
 *
 * In repair the owner's recv(2) is EPERM and what it sends is not sent, so this
 * is for a socket whose owners stand still, and it lasts as long as four system
 * calls.  What an acknowledgement that comes just then would let out, the
 * kernel takes for sent, and sends again later.
 *
 * The way out clears SO_REUSEADDR (kernel 6.18, do_tcp_setsockopt()), which
 * is put back, too.
 */

#define DISCARD ((size_t)1 << 20)
#define PARTS 512

/* tcp_peek_sndq() wants room for all of it: what is too much goes over and over
 * into the same place. */
static ssize_t
take(int fd, struct firn_peeked *ret)
{
	static char discarded[DISCARD];
	static struct iovec parts[PARTS];
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = PARTS };

	parts[0] = (struct iovec){ ret->data, FIRN_PEEK_DATA };
	for (size_t i = 1; i < PARTS; i++)
		parts[i] = (struct iovec){ discarded, DISCARD };
	return recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT);
}

static int
set(int fd, int name, int value)
{
	return setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
}

static void
peek(int fd, struct firn_peeked *ret)
{
	ssize_t n = set(fd, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE) < 0
			    ? -1
			    : take(fd, ret);

	if (n < 0) {
		ret->code = errno;
		return;
	}
	ret->cut = (size_t)n > FIRN_PEEK_DATA;
	ret->bytes = ret->cut ? FIRN_PEEK_DATA : (uint64_t)n;
}

/* Before Linux 4.20 the way out was with a probe. */
static bool
put_back(int fd, int reuse)
{
	if (set(fd, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP) < 0 &&
	    set(fd, TCP_REPAIR, TCP_REPAIR_OFF) < 0)
		return false;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse,
			  sizeof(reuse)) == 0;
}

void
firn_peek_sent(int fd, const struct firn_peek_request *request,
	       struct firn_peeked *ret)
{
	if (set(fd, TCP_REPAIR, TCP_REPAIR_ON) < 0) {
		ret->code = errno;
		return;
	}
	ret->changed = true;
	peek(fd, ret);
	ret->restored = put_back(fd, request->reuse);
}
