#include "contain/peek/put_right.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"

#define PATIENCE_MS 1000

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) < 0 ? -1 : value;
}

static int
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? errno
								      : 0;
}

/* Reading an option takes no lock. */
static bool
is_right(const struct firn_socket_was *was)
{
	if (was->has_peek_offset &&
	    option(was->fd, SOL_SOCKET, SO_PEEK_OFF) != was->peek_offset)
		return false;
	return !was->has_reuse ||
	       (option(was->fd, IPPROTO_TCP, TCP_REPAIR) == 0 &&
		option(was->fd, SOL_SOCKET, SO_REUSEADDR) == was->reuse);
}

/* Before Linux 4.20 a socket leaves repair with a probe to its peer. */
static int
end_repair(int fd)
{
	if (option(fd, IPPROTO_TCP, TCP_REPAIR) != 1)
		return 0;
	if (set(fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP) == 0)
		return 0;
	return set(fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF);
}

/* errno(3), or 0. */
static int
put_right(const struct firn_socket_was *was)
{
	int code = 0, second = 0;

	if (was->has_reuse) {
		code = end_repair(was->fd);
		second = set(was->fd, SOL_SOCKET, SO_REUSEADDR, was->reuse);
	}
	if (code == 0)
		code = second;
	if (was->has_peek_offset)
		second =
			set(was->fd, SOL_SOCKET, SO_PEEK_OFF, was->peek_offset);
	return code == 0 ? second : code;
}

/* It lives on without us, if it has to: then it's done late, but done. */
static _Noreturn void
be_child(const struct firn_socket_was *sockets, size_t n, int pipe_fd)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fd != pipe_fd)
			close(fd);
	for (size_t i = 0; i < n; i++) {
		int code = is_right(&sockets[i]) ? 0 : put_right(&sockets[i]);

		(void)!write(pipe_fd, &code, sizeof(code));
	}
	_exit(0);
}

static int
listen_to(int pipe_fd, size_t n, struct firn_err *err)
{
	struct pollfd more = { .fd = pipe_fd, .events = POLLIN };
	int code, failed = 0;

	for (size_t i = 0; i < n;) {
		int ready = poll(&more, 1, PATIENCE_MS);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return firn_err_set(err, ETIMEDOUT,
					    "a socket can't be put right: its "
					    "owner holds its lock");
		if (read(pipe_fd, &code, sizeof(code)) != sizeof(code))
			return firn_err_set(err, EIO,
					    "who puts sockets right ended");
		if (code != 0 && failed == 0)
			failed = code;
		i++;
	}
	if (failed == 0)
		return 0;
	return firn_err_set(err, failed, "a socket can't be put right: %s",
			    strerror(failed));
}

static void
wait_for(pid_t pid)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	for (int i = 0; i < 200 && waitpid(pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&nap, NULL);
}

int
firn_put_right(const struct firn_socket_was *sockets, size_t n,
	       size_t *ret_changed, struct firn_err *err)
{
	autoclose int ours = -1;
	size_t wrong = 0;
	int ends[2], result;
	pid_t pid;

	for (size_t i = 0; i < n; i++)
		wrong += !is_right(&sockets[i]);
	*ret_changed = wrong;
	if (wrong == 0)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return firn_err_sys(err, "make a pipe");
	ours = ends[0];
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		be_child(sockets, n, ends[1]);
	}
	if (pid < 0)
		firn_err_sys(err, "fork");
	close(ends[1]);
	if (pid < 0)
		return -1;
	result = listen_to(ours, n, err);
	wait_for(pid);
	return result;
}
