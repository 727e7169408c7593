#include "host/netlink_apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "base/auto.h"

/* The kernel fills what the reader offers, up to 32 KiB. */
static char buffer[65536] __attribute__((aligned(8)));

/* Is the end of the answer in it?  What can't be parsed ends it, too. */
static bool
is_last(size_t size)
{
	const struct nlmsghdr *message = (const void *)buffer;
	int left = (int)size;

	for (; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_type == NLMSG_DONE ||
		    message->nlmsg_type == NLMSG_ERROR)
			return true;
	}
	return left > 0;
}

/* What a failing send(2) or recv(2) would have been. */
static size_t
make_error(uint32_t seq, int code)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct nlmsgerr *error =
		mnl_nlmsg_put_extra_header(header, sizeof(*error));

	header->nlmsg_type = NLMSG_ERROR;
	header->nlmsg_seq = seq;
	error->error = -code;
	return header->nlmsg_len;
}

static void
answer(int netlink, int ours, size_t request_len)
{
	uint32_t seq = ((const struct nlmsghdr *)(void *)buffer)->nlmsg_seq;
	bool last = false;
	int code = send(netlink, buffer, request_len, 0) < 0 ? errno : 0;

	while (!last) {
		ssize_t n = -1;

		if (code == 0) {
			n = recv(netlink, buffer, sizeof(buffer), 0);
			if (n < 0 && errno == EINTR)
				continue;
			code = n < 0 ? errno : 0;
		}
		if (code != 0)
			n = (ssize_t)make_error(seq, code);
		last = is_last((size_t)n);
		if (send(ours, buffer, (size_t)n, MSG_NOSIGNAL) < 0)
			_exit(0);
	}
}

/* The child.  It was forked from a process that may have threads, so nothing
 * here allocates; and it keeps nothing of the parent's. */
static _Noreturn void
be_child(int netlink, int ours)
{
	sigset_t all;
	ssize_t n;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "firn-netlink");
	netlink = fcntl(netlink, F_DUPFD_CLOEXEC, 3);
	ours = fcntl(ours, F_DUPFD_CLOEXEC, 3);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	if (netlink < 0 || ours < 0 || dup2(netlink, 0) < 0 ||
	    dup2(ours, 1) < 0)
		_exit(0);
	close_range(2, ~0U, 0);
	while ((n = recv(1, buffer, sizeof(buffer), 0)) >=
	       (ssize_t)sizeof(struct nlmsghdr))
		answer(0, 1, (size_t)n);
	_exit(0);
}

int
firn_netlink_apart(int fd, pid_t *ret_pid, struct firn_err *err)
{
	autoclose int netlink = fd, ours = -1;
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return firn_err_sys(err, "make a socket pair");
	ours = ends[0];
	pid = fork();
	if (pid == 0)
		be_child(netlink, ends[1]);
	if (pid < 0)
		firn_err_sys(err, "fork");
	close(ends[1]);
	if (pid < 0)
		return -1;
	*ret_pid = pid;
	return firn_steal_fd(&ours);
}

/* It ends by itself, or it waits where no signal reaches it: init(8) has it
 * then. */
void
firn_netlink_apart_close(int *fd, pid_t *pid)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	firn_auto_close(fd);
	*fd = -1;
	if (*pid <= 0)
		return;
	for (int i = 0; i < 220 && waitpid(*pid, NULL, WNOHANG) == 0; i++) {
		if (i == 200)
			kill(*pid, SIGKILL);
		nanosleep(&nap, NULL);
	}
	*pid = 0;
}
