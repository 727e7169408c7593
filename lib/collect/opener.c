#include "collect/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/file.h"

#define PATIENCE_MS 1000
#define ABANDONED_MAX 16

struct request {
	enum {
		REOPEN,
		LOOKUP,
		FOLLOW,
		FOLDER,
		PROBE
	} what;
	char path[4096];
};

struct reply {
	int code; /* errno(3), 0 with a descriptor */
	char text[FIRN_ERR_TEXT];
};

/* One message with one descriptor, or none for -1. */
static int
send_with(int socket, const void *data, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	/* sendmsg(2) takes const away and gives it back. */
	struct iovec part = { (void *)(uintptr_t)data, len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *head;

		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

static int
receive_with(int socket, void *data, size_t len, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { data, len };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *head;
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*ret_fd = -1;
	head = CMSG_FIRSTHDR(&message);
	if (n > 0 && head != NULL && head->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(head), sizeof(*ret_fd));
	return n == (ssize_t)len ? 0 : -1;
}

static int
reopen(int path_fd, struct firn_err *err)
{
	struct stat st;
	char byte;
	int fd;

	if (firn_file_waits(path_fd))
		return firn_err_set(err, EOPNOTSUPP,
				    "its filesystem may wait on a server");
	fd = firn_file_reopen(path_fd, &st, err);
	/* A listener for FAN_ACCESS_PERM holds up the first read, not the
	 * opening: let it hold up this process. */
	if (fd >= 0 && pread(fd, &byte, 1, 0) < 0) {
		firn_err_sys(err, "read");
		close(fd);
		return -1;
	}
	return fd;
}

/* The first names are read here: a listener for FAN_ACCESS_PERM holds that up
 * too.  They are read again by who gets the descriptor. */
static int
open_folder(int path_fd, struct firn_err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC;
	char names[4096];
	int fd;

	if (firn_file_waits(path_fd))
		return firn_err_set(err, EOPNOTSUPP,
				    "its filesystem may wait on a server");
	fd = openat(path_fd, ".", flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(path_fd, ".", flags);
	if (fd < 0)
		return firn_err_sys(err, "read the folder");
	if (syscall(SYS_getdents64, fd, names, sizeof(names)) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		firn_err_sys(err, "read the folder");
		close(fd);
		return -1;
	}
	return fd;
}

static int
lookup(int root_fd, const char *path, uint64_t links, struct firn_err *err)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | links,
	};
	int fd;

	if (links != 0)
		how.flags |= O_NOFOLLOW;
	fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? firn_err_sys(err, "look up") : fd;
}

/* One byte of each takes the lock; environ has no length without it.  An
 * answer has a descriptor, if only the folder's own. */
static int
probe(int process_fd)
{
	static const char *const files[] = { "cmdline", "environ", "maps" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = openat(process_fd, files[i], O_RDONLY | O_CLOEXEC);
		char byte;

		if (fd < 0)
			continue;
		(void)!read(fd, &byte, 1);
		close(fd);
	}
	return dup(process_fd);
}

static int
answer(const struct request *request, int fd, struct firn_err *err)
{
	switch (request->what) {
	case REOPEN:
		return reopen(fd, err);
	case LOOKUP:
		return lookup(fd, request->path, RESOLVE_NO_SYMLINKS, err);
	case FOLLOW:
		return lookup(fd, request->path, 0, err);
	case FOLDER:
		return open_folder(fd, err);
	case PROBE:
		return probe(fd);
	}
	return firn_err_set(err, EINVAL, "no such request");
}

/* The child.  It was forked from a process that may have threads, so nothing
 * here allocates. */
static _Noreturn void
serve(int socket)
{
	struct request request;
	int fd;

	while (receive_with(socket, &request, sizeof(request), &fd) == 0 &&
	       fd >= 0) {
		struct reply reply = { 0 };
		struct firn_err err = { 0 };
		int opened = -1;

		request.path[sizeof(request.path) - 1] = '\0';
		opened = answer(&request, fd, &err);
		reply.code = err.code;
		snprintf(reply.text, sizeof(reply.text), "%s", err.text);
		if (send_with(socket, &reply, sizeof(reply), opened) < 0)
			break;
		close(fd);
		if (opened >= 0)
			close(opened);
	}
	_exit(0);
}

/* Keep nothing of the parent's: an archive that goes to a pipe must end when
 * firn does, even if this process can't be killed. */
static _Noreturn void
become_opener(int socket, pid_t parent)
{
	sigset_t all;
	int null;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	prctl(PR_SET_NAME, "firn-opener");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++) {
		if (null < 0)
			close(fd);
		else
			dup2(null, fd);
	}
	if (socket != 3 && dup2(socket, 3) < 0)
		_exit(0);
	close_range(4, ~0U, 0);
	serve(3);
}

static int
start(struct firn_opener *opener, struct firn_err *err)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return firn_err_sys(err, "make a socket pair");
	opener->pid = fork();
	if (opener->pid == 0)
		become_opener(ends[1], parent);
	close(ends[1]);
	if (opener->pid < 0) {
		firn_err_sys(err, "fork");
		close(ends[0]);
		opener->pid = 0;
		return -1;
	}
	opener->socket = ends[0];
	return 0;
}

/* It is given 20 ms to die.  One that can't, because the server that it waits
 * for took its request and never answers, is left to init(8). */
static void
abandon(struct firn_opener *opener)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	kill(opener->pid, SIGKILL);
	for (int i = 0; i < 20 && waitpid(opener->pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&nap, NULL);
	close(opener->socket);
	opener->pid = 0;
	opener->abandoned++;
}

static int
ask(struct firn_opener *opener, const struct request *request, int fd,
    struct firn_err *err)
{
	struct pollfd waiting = { .events = POLLIN };
	struct reply reply = { 0 };
	int got = -1, ready;

	if (opener->abandoned >= ABANDONED_MAX)
		return firn_err_set(err, ETIMEDOUT,
				    "not tried: %u files before it never "
				    "answered",
				    opener->abandoned);
	if (opener->pid == 0 && start(opener, err) < 0)
		return -1;
	if (send_with(opener->socket, request, sizeof(*request), fd) < 0) {
		firn_err_sys(err, "ask the opener");
		abandon(opener);
		return -1;
	}
	waiting.fd = opener->socket;
	do
		ready = poll(&waiting, 1, PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0) {
		abandon(opener);
		return firn_err_set(err, ETIMEDOUT,
				    "did not answer within %d ms", PATIENCE_MS);
	}
	if (receive_with(opener->socket, &reply, sizeof(reply), &got) < 0) {
		abandon(opener);
		return firn_err_set(err, EIO, "the opener ended");
	}
	if (reply.code != 0 || got < 0) {
		reply.text[sizeof(reply.text) - 1] = '\0';
		return firn_err_set(err, reply.code != 0 ? reply.code : EIO,
				    "%s", reply.text);
	}
	return got;
}

int
firn_opener_reopen(struct firn_opener *opener, int path_fd,
		   struct firn_err *err)
{
	struct request request = { .what = REOPEN };

	return ask(opener, &request, path_fd, err);
}

static int
ask_for(struct firn_opener *opener, struct request *request, int root_fd,
	const char *path, struct firn_err *err)
{
	if (strlen(path) >= sizeof(request->path))
		return firn_err_set(err, ENAMETOOLONG, "look up");
	strcpy(request->path, path);
	return ask(opener, request, root_fd, err);
}

int
firn_opener_lookup(struct firn_opener *opener, int root_fd, const char *path,
		   struct firn_err *err)
{
	struct request request = { .what = LOOKUP };

	return ask_for(opener, &request, root_fd, path, err);
}

int
firn_opener_follow(struct firn_opener *opener, int root_fd, const char *path,
		   struct firn_err *err)
{
	struct request request = { .what = FOLLOW };

	return ask_for(opener, &request, root_fd, path, err);
}

int
firn_opener_folder(struct firn_opener *opener, int path_fd,
		   struct firn_err *err)
{
	struct request request = { .what = FOLDER };

	return ask(opener, &request, path_fd, err);
}

int
firn_opener_probe(struct firn_opener *opener, int process_fd,
		  struct firn_err *err)
{
	struct request request = { .what = PROBE };
	int fd = ask(opener, &request, process_fd, err);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

void
firn_opener_close(struct firn_opener *opener)
{
	if (opener->pid == 0)
		return;
	close(opener->socket); /* it ends by itself */
	while (waitpid(opener->pid, NULL, 0) < 0 && errno == EINTR)
		;
	opener->pid = 0;
}
