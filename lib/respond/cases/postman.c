#include "respond/cases/postman.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "firn/outbox.h"

/* An outbox that can't be watched is looked at now and then. */
#define LOOK_MS 5000

static void
drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		;
}

/* Until the other end of the pipe is closed: by its parent, or with it. */
static void
work(int end_fd)
{
	autoclose int watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct pollfd fds[] = {
		{ .fd = end_fd, .events = POLLIN },
		{ .fd = watch_fd, .events = POLLIN },
	};

	for (;;) {
		struct firn_err why = { 0 };
		int wait_ms = -1;

		inotify_add_watch(watch_fd, FIRN_OUTBOX,
				  IN_MOVED_TO | IN_CREATE | IN_ONLYDIR);
		if (firn_outbox_deliver(&wait_ms, &why) < 0 || wait_ms < 0 ||
		    wait_ms > LOOK_MS)
			wait_ms = LOOK_MS;
		if (fds[0].revents != 0)
			return;
		if (poll(fds, 2, wait_ms) < 0 && errno != EINTR)
			return;
		drain(watch_fd);
	}
}

void
firn_postman_start(struct firn_postman *ret)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	ret->pid = fork();
	if (ret->pid == 0) {
		close(ends[1]);
		setsid();
		prctl(PR_SET_NAME, "firn-postman");
		work(ends[0]);
		_exit(0);
	}
	close(ends[0]);
	if (ret->pid > 0)
		ret->end_fd = ends[1];
	else
		close(ends[1]);
}

void
firn_postman_end(struct firn_postman *postman)
{
	if (postman->end_fd >= 0)
		close(postman->end_fd);
	if (postman->pid > 0)
		while (waitpid(postman->pid, NULL, 0) < 0 && errno == EINTR)
			;
	*postman = (struct firn_postman)FIRN_POSTMAN;
}
