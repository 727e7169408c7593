#include "host/netns.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

#define PATIENCE_MS 2000

/* What the child says; the descriptors of those `made` come with it. */
struct reply {
	int code; /* errno(3); 0 when it's inside and has what there is */
	unsigned char made[FIRN_NETNS_FDS];
};

/* What it is to do there. */
struct work {
	int netns_fd;
	firn_netns_fn *run;
	void *arg;
	size_t n; /* descriptors */
};

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(FIRN_NETNS_FDS * sizeof(int))];
};

static int
send_reply(int socket, struct reply *reply, const int *fds, size_t n_fds)
{
	union control control = { 0 };
	struct iovec part = { reply, sizeof(*reply) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n_fds > 0) {
		struct cmsghdr *head;

		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(head), fds, n_fds * sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* The child.  It was forked from a process that may have threads, so nothing
 * here allocates. */
static _Noreturn void
work_there(int socket_fd, const struct work *work)
{
	struct reply reply = { 0 };
	int made[FIRN_NETNS_FDS], fds[FIRN_NETNS_FDS];
	size_t n_fds = 0;

	for (size_t i = 0; i < work->n; i++)
		made[i] = -1;
	if (setns(work->netns_fd, CLONE_NEWNET) < 0)
		reply.code = errno != 0 ? errno : EIO;
	else
		reply.code = work->run(work->arg, made);
	for (size_t i = 0; i < work->n; i++) {
		reply.made[i] = made[i] >= 0;
		if (made[i] >= 0)
			fds[n_fds++] = made[i];
	}
	_exit(send_reply(socket_fd, &reply, fds, n_fds) < 0);
}

/* Nobody's signals, and gone when its parent goes. */
static void
become_child(pid_t parent)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

/* Descriptors that came with a message, in order. */
static size_t
take_fds(struct msghdr *message, int fds[FIRN_NETNS_FDS])
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	size_t n;

	if (head == NULL || head->cmsg_level != SOL_SOCKET ||
	    head->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(head), n * sizeof(int));
	return n;
}

static int
hand_over(const struct reply *reply, const int *fds, size_t n_fds, size_t n,
	  int *ret_fds, struct firn_err *err)
{
	size_t wanted = 0, used = 0;

	for (size_t i = 0; i < n; i++)
		wanted += reply->made[i] != 0;
	if (reply->code == 0 && wanted == n_fds) {
		for (size_t i = 0; i < n; i++)
			ret_fds[i] = reply->made[i] ? fds[used++] : -1;
		return 0;
	}
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	if (reply->code != 0) {
		errno = reply->code;
		return firn_err_sys(err, "in a network namespace");
	}
	/* The kernel drops what would exceed our RLIMIT_NOFILE. */
	return firn_err_set(err, EMFILE,
			    "only %zu of %zu descriptors of a network "
			    "namespace could be taken",
			    n_fds, wanted);
}

static int
receive(int socket, size_t n, int *ret_fds, struct firn_err *err)
{
	uint64_t start = firn_monotonic_ns();
	struct pollfd answer = { .fd = socket, .events = POLLIN };
	union control control = { 0 };
	struct reply reply = { 0 };
	struct iovec part = { &reply, sizeof(reply) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fds[FIRN_NETNS_FDS], ready, left;
	size_t n_fds;
	ssize_t len;

	do {
		left = PATIENCE_MS -
		       (int)((firn_monotonic_ns() - start) / 1000000);
		ready = poll(&answer, 1, left > 0 ? left : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return firn_err_sys(err, "wait for a network namespace");
	if (ready == 0) {
		return firn_err_set(err, ETIMEDOUT,
				    "a network namespace could not be entered "
				    "within %d ms",
				    PATIENCE_MS);
	}
	len = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (len < 0)
		return firn_err_sys(err, "receive descriptors");
	n_fds = take_fds(&message, fds);
	if (len != (ssize_t)sizeof(reply))
		reply.code = ECHILD;
	return hand_over(&reply, fds, n_fds, n, ret_fds, err);
}

/* It has answered and ends, or it is killed: 20 ms, then it's left to
 * init(8), so that what can't be killed can't hold us up. */
static void
reap(pid_t pid)
{
	const struct timespec nap = { .tv_nsec = 500000 };

	for (int i = 0; i < 40; i++) {
		pid_t ended = waitpid(pid, NULL, WNOHANG);

		if (ended == pid || (ended < 0 && errno != EINTR))
			return;
		if (i == 20)
			kill(pid, SIGKILL);
		nanosleep(&nap, NULL);
	}
}

static int
run_child(const struct work *work, int *ret_fds, struct firn_err *err)
{
	autoclose int ours = -1;
	pid_t parent = getpid(), pid;
	int ends[2], result;

	assert(work->n <= FIRN_NETNS_FDS);
	for (size_t i = 0; i < work->n; i++)
		ret_fds[i] = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return firn_err_sys(err, "make a socket pair");
	ours = ends[0];
	pid = fork();
	if (pid == 0) {
		become_child(parent);
		work_there(ends[1], work);
	}
	if (pid < 0)
		firn_err_sys(err, "fork");
	close(ends[1]);
	if (pid < 0)
		return -1;
	result = receive(ours, work->n, ret_fds, err);
	if (result < 0)
		kill(pid, SIGKILL);
	reap(pid);
	return result;
}

int
firn_netns_run(int netns_fd, firn_netns_fn *run, void *arg, size_t n,
	       int *ret_fds, struct firn_err *err)
{
	const struct work work = { netns_fd, run, arg, n };

	return run_child(&work, ret_fds, err);
}

struct sockets {
	const int *protocols;
	size_t n;
};

static int
make_sockets(void *arg, int *fds)
{
	const struct sockets *sockets = arg;

	for (size_t i = 0; i < sockets->n; i++) {
		fds[i] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
				sockets->protocols[i]);
		if (fds[i] < 0 && errno != EPROTONOSUPPORT)
			return errno;
	}
	return 0;
}

int
firn_netns_sockets(int netns_fd, const int *protocols, size_t n, int *ret_fds,
		   struct firn_err *err)
{
	struct sockets sockets = { protocols, n };
	const struct work work = { netns_fd, make_sockets, &sockets, n };

	if (run_child(&work, ret_fds, err) < 0)
		return firn_err_in(err, "open sockets");
	return 0;
}
