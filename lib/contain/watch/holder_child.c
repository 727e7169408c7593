#include "contain/watch/holder_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

void
firn_holder_tell(struct firn_holder_child *child,
		 struct firn_holder_event *event)
{
	struct firn_holder_shared *shared = child->shared;
	size_t n = shared->n_events;

	event->time = firn_now();
	if (n == FIRN_HOLDER_EVENTS)
		return;
	shared->events[n] = *event;
	shared->n_events = n + 1;
}

void
firn_holder_comm(pid_t pid, char ret[16])
{
	char path[32];
	ssize_t len = -1;
	int fd;

	memset(ret, 0, 16);
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	len = read(fd, ret, 16);
	close(fd);
	if (len > 0 && ret[len - 1] == '\n')
		ret[len - 1] = '\0';
}

static int
serve(struct firn_holder_child *child,
      const struct firn_holder_request *request)
{
	struct firn_err err = { 0 };
	int code = 0;

	switch (request->what) {
	case FIRN_HOLDER_SEIZE:
		if (firn_holder_seize_all(child, request->stopped_only, &err) <
		    0)
			code = err.code;
		break;
	case FIRN_HOLDER_WATCH:
		memcpy(child->refreeze, request->refreeze,
		       sizeof(child->refreeze));
		child->until_ns = request->until_ns;
		code = firn_holder_watch_begin(child);
		break;
	case FIRN_HOLDER_SYNC:
		break;
	}
	firn_holder_writes(child);
	firn_holder_stops(child);
	return code;
}

static void
answer(struct firn_holder_child *child)
{
	struct firn_holder_request request;
	ssize_t len = recv(child->socket_fd, &request, sizeof(request), 0);
	int code;

	if (len < 0 && errno == EINTR)
		return;
	/* firn has ended, one way or another. */
	if (len != (ssize_t)sizeof(request))
		_exit(0);
	code = serve(child, &request);
	if (send(child->socket_fd, &code, sizeof(code), MSG_NOSIGNAL) < 0)
		_exit(0);
}

void
firn_holder_child(struct firn_holder_child *child)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = child->socket_fd, .events = POLLIN },
			{ .fd = child->signal_fd, .events = POLLIN },
			{ .fd = child->watch_fd, .events = POLLIN },
		};
		struct signalfd_siginfo ignored;

		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			_exit(1);
		if ((fds[2].revents & POLLIN) != 0)
			firn_holder_writes(child);
		if ((fds[1].revents & POLLIN) != 0 &&
		    read(child->signal_fd, &ignored, sizeof(ignored)) > 0)
			firn_holder_stops(child);
		if (fds[0].revents != 0)
			answer(child);
	}
}
