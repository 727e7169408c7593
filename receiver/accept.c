#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "receiver/connection.h"

#define AT_ONCE 16   /* then others get their turn */
#define PAUSE_MS 200 /* when descriptors or memory have run out */

/* TCP alone may have had its share; what the process lacks, all lack. */
static void
pause_accepting(struct firn_receiver *receiver, bool of_unix_too)
{
	const struct timeval pause = { .tv_usec = PAUSE_MS * 1000L };

	for (size_t i = 0; i < receiver->sockets.n; i++)
		if (of_unix_too || !receiver->sockets.items[i].is_unix)
			event_del(receiver->accepting[i]);
	receiver->paused = true;
	evtimer_add(receiver->resume, &pause);
}

void
firn_accept_again(struct firn_receiver *receiver)
{
	if (!receiver->paused || receiver->stopping)
		return;
	receiver->paused = false;
	for (size_t i = 0; i < receiver->sockets.n; i++)
		event_add(receiver->accepting[i], NULL);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	firn_accept_again(arg);
}

static bool
is_unix(const struct firn_receiver *receiver, int fd)
{
	for (size_t i = 0; i < receiver->sockets.n; i++)
		if (receiver->sockets.items[i].fd == fd)
			return receiver->sockets.items[i].is_unix;
	return false;
}

/* The kernel's queue keeps those that wait; what it has no room for it refuses.
 */
static void
on_waiting(evutil_socket_t listener, short what, void *arg)
{
	struct firn_receiver *receiver = arg;
	bool of_unix = is_unix(receiver, listener);

	(void)what;
	for (size_t i = 0; i < AT_ONCE; i++) {
		int fd;

		/* One waits for sure, and for that one another may go. */
		if (!firn_connection_room(receiver, of_unix, i == 0)) {
			if (i == 0)
				pause_accepting(receiver, of_unix);
			return;
		}
		fd = accept4(listener, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE ||
			       errno == ENOBUFS || errno == ENOMEM))
			pause_accepting(receiver, true);
		if (fd < 0)
			return; /* also one that has gone: accept(2) */
		firn_connection_open(receiver, fd, of_unix);
	}
}

int
firn_accept_start(struct firn_receiver *receiver, struct firn_err *err)
{
	receiver->resume = evtimer_new(receiver->base, on_resume, receiver);
	if (receiver->resume == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < receiver->sockets.n; i++) {
		receiver->accepting[i] =
			event_new(receiver->base, receiver->sockets.items[i].fd,
				  EV_READ | EV_PERSIST, on_waiting, receiver);
		if (receiver->accepting[i] == NULL ||
		    event_add(receiver->accepting[i], NULL) < 0)
			return firn_err_nomem(err);
	}
	return 0;
}

void
firn_accept_stop(struct firn_receiver *receiver)
{
	for (size_t i = 0; i < receiver->sockets.n; i++)
		event_del(receiver->accepting[i]);
	event_del(receiver->resume);
}
