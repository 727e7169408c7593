#include "receiver/syncer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

/* The files travel as descriptors: unix(7). */
union passed {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(FIRN_INBOX_UNSYNCED * sizeof(int))];
};

static bool
receive(int fd, struct firn_inbox *inbox)
{
	union passed passed = { 0 };
	char asked;
	struct iovec part = { .iov_base = &asked, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &passed,
		.msg_controllen = sizeof(passed),
	};
	const struct cmsghdr *header;

	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != 1)
		return false;
	header = CMSG_FIRSTHDR(&message);
	inbox->n_unsynced = 0;
	if (header == NULL)
		return true;
	inbox->n_unsynced =
		(header->cmsg_len - CMSG_LEN(0)) / sizeof(inbox->unsynced[0]);
	memcpy(inbox->unsynced, CMSG_DATA(header),
	       inbox->n_unsynced * sizeof(inbox->unsynced[0]));
	return true;
}

/* Until the receiver is gone. */
_Noreturn static void
work(int fd, const struct firn_inbox *opened)
{
	struct firn_inbox inbox = *opened;

	while (receive(fd, &inbox)) {
		struct firn_err err = { 0 };
		bool done = firn_inbox_sync(&inbox, &err) == 0;

		if (!done)
			fprintf(stderr, "firn-receiver: %s\n", err.text);
		if (send(fd, done ? "y" : "n", 1, MSG_NOSIGNAL) != 1)
			break;
	}
	_exit(0);
}

int
firn_syncer_start(struct firn_syncer *ret, const struct firn_inbox *inbox,
		  firn_confine_fn *confine, void *arg, struct firn_err *err)
{
	autoclose int ours = -1, its = -1;
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return firn_err_sys(err, "make a pair of sockets");
	ours = fds[0];
	its = fds[1];
	pid = fork();
	if (pid < 0)
		return firn_err_sys(err, "fork");
	if (pid == 0) {
		close(ours);
		prctl(PR_SET_NAME, "firn-syncer");
		/* Its work ends with the receiver's, not before. */
		signal(SIGTERM, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		if (confine(arg, err) < 0) {
			fprintf(stderr, "firn-receiver: %s\n", err->text);
			_exit(1);
		}
		work(its, inbox);
	}
	if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
		return firn_err_sys(err, "set a socket non-blocking");
	ret->fd = firn_steal_fd(&ours);
	return 0;
}

int
firn_syncer_ask(const struct firn_syncer *syncer, struct firn_inbox *inbox,
		struct firn_err *err)
{
	union passed passed = { 0 };
	size_t size = inbox->n_unsynced * sizeof(inbox->unsynced[0]);
	char asked = 's';
	struct iovec part = { .iov_base = &asked, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (size > 0) {
		message.msg_control = &passed;
		message.msg_controllen = CMSG_SPACE(size);
		passed.header.cmsg_level = SOL_SOCKET;
		passed.header.cmsg_type = SCM_RIGHTS;
		passed.header.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&passed.header), inbox->unsynced, size);
	}
	if (sendmsg(syncer->fd, &message, MSG_NOSIGNAL) != 1)
		return firn_err_sys(err, "ask the syncer");
	for (size_t i = 0; i < inbox->n_unsynced; i++)
		close(inbox->unsynced[i]);
	inbox->n_unsynced = 0;
	return 0;
}

int
firn_syncer_answer(const struct firn_syncer *syncer, bool *ret_done,
		   struct firn_err *err)
{
	char answer;
	ssize_t n = recv(syncer->fd, &answer, 1, 0);

	if (n == 0)
		return firn_err_set(err, ESRCH, "the syncer has ended");
	if (n < 0)
		return firn_err_sys(err, "hear the syncer");
	*ret_done = answer == 'y';
	return 0;
}
