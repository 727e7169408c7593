#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "collect/queues/peek.h"

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) < 0 ? -1 : value;
}

static int
asked(int fd, unsigned long request)
{
	int value = -1;

	return ioctl(fd, request, &value) < 0 ? -1 : value;
}

static void
survey_tcp(int fd, struct firn_survey *ret)
{
	socklen_t len = sizeof(ret->ulp) - 1;
	char byte;

	ret->repair = option(fd, IPPROTO_TCP, TCP_REPAIR);
	ret->reuse = option(fd, SOL_SOCKET, SO_REUSEADDR);
	if (getsockopt(fd, IPPROTO_TCP, TCP_ULP, ret->ulp, &len) < 0)
		ret->ulp[0] = '\0';
	if (ret->listens)
		return;
	ret->send_bytes = asked(fd, SIOCOUTQ);
	ret->urgent =
		recv(fd, &byte, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) == 1;
}

void
firn_peek_survey(int fd, struct firn_survey *ret)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	socklen_t len = sizeof(ret->cookie);

	*ret = (struct firn_survey){ .peek_offset = -1, .send_bytes = -1 };
	if (poll(&waiting, 1, 0) > 0) {
		ret->readable = (waiting.revents & POLLIN) != 0;
		ret->error = (waiting.revents & POLLERR) != 0;
	}
	ret->receive_bytes = asked(fd, FIONREAD);
	ret->domain = option(fd, SOL_SOCKET, SO_DOMAIN);
	if (ret->domain < 0) {
		ret->domain = 0;
		ret->capacity = fcntl(fd, F_GETPIPE_SZ);
		return;
	}
	ret->type = option(fd, SOL_SOCKET, SO_TYPE);
	ret->protocol = option(fd, SOL_SOCKET, SO_PROTOCOL);
	ret->listens = option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &ret->cookie, &len) < 0)
		ret->cookie = 0;
	len = sizeof(ret->peek_offset);
	ret->has_peek_offset = getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF,
					  &ret->peek_offset, &len) == 0;
	if ((ret->domain == AF_INET || ret->domain == AF_INET6) &&
	    ret->type == SOCK_STREAM && ret->protocol == IPPROTO_TCP)
		survey_tcp(fd, ret);
}
