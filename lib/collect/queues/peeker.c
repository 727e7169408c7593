#include "collect/queues/peeker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/hand_over.h"

#define SURVEY_MS 1000
#define READ_MS 5000
#define ABANDONED_MAX 16

static bool
changes(const struct firn_peek_request *request)
{
	return request->how >= FIRN_PEEK_WALK;
}

/* Is it still as it was when it was written down? */
static bool
is_as_was(const struct firn_peek_request *request,
	  const struct firn_survey *survey)
{
	if (request->how == FIRN_PEEK_SENT)
		return survey->repair == 0 && survey->reuse == request->reuse;
	return !changes(request) ||
	       (survey->has_peek_offset &&
		survey->peek_offset == request->peek_offset);
}

static void
answer(int fd, const struct firn_peek_request *request, int self_fd,
       pid_t parent, struct firn_peeked *seen)
{
	memset(seen, 0, offsetof(struct firn_peeked, messages));
	firn_peek_survey(fd, &seen->survey);
	/* Nobody would know of it. */
	if (changes(request) &&
	    (getppid() != parent || !is_as_was(request, &seen->survey))) {
		seen->code = EBUSY;
		return;
	}
	switch (request->how) {
	case FIRN_PEEK_SURVEY:
		break;
	case FIRN_PEEK_PIPE:
		firn_peek_pipe(fd, seen);
		break;
	case FIRN_PEEK_SENT:
		firn_peek_sent(fd, request, seen);
		break;
	case FIRN_PEEK_STREAM:
	case FIRN_PEEK_FIRST:
	case FIRN_PEEK_WALK:
	case FIRN_PEEK_HELD:
		firn_peek_socket(fd, request, self_fd, seen);
		break;
	}
}

/* The child.  It was forked from a process that may have threads, so nothing
 * here allocates. */
static _Noreturn void
serve(int socket, int self_fd, pid_t parent, struct firn_peeked *seen)
{
	struct firn_peek_request request;
	int fd;

	while (firn_take_over(socket, &request, sizeof(request), &fd) == 0 &&
	       fd >= 0) {
		answer(fd, &request, self_fd, parent, seen);
		close(fd);
		if (firn_hand_over(socket, "", 1, -1) < 0)
			break;
	}
	_exit(0);
}

/* In-flight descriptors are many. */
static void
raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* Keep nothing of the parent's, and don't die with it. */
static _Noreturn void
become_peeker(const struct firn_peeker *peeker, int socket, pid_t parent)
{
	sigset_t all;
	int null, self_fd;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "firn-peeker");
	raise_limit();
	self_fd = openat(peeker->proc_fd, "self/fd",
			 O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Out of the way of what follows. */
	socket = fcntl(socket, F_DUPFD_CLOEXEC, 5);
	if (self_fd >= 0)
		self_fd = fcntl(self_fd, F_DUPFD_CLOEXEC, 5);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++) {
		if (null < 0)
			close(fd);
		else
			dup2(null, fd);
	}
	if (socket < 0 || dup2(socket, 3) < 0)
		_exit(0);
	if (self_fd < 0 || dup2(self_fd, 4) < 0)
		close(4);
	close_range(5, ~0U, 0);
	serve(3, 4, parent, peeker->seen);
}

static int
start(struct firn_peeker *peeker, struct firn_err *err)
{
	pid_t parent = getpid();
	int ends[2];

	peeker->seen = mmap(NULL, sizeof(*peeker->seen), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (peeker->seen == MAP_FAILED) {
		peeker->seen = NULL;
		return firn_err_sys(err, "map memory for queues");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		firn_err_sys(err, "make a socket pair");
		goto unmap;
	}
	peeker->pid = fork();
	if (peeker->pid == 0)
		become_peeker(peeker, ends[1], parent);
	close(ends[1]);
	if (peeker->pid > 0) {
		peeker->socket = ends[0];
		return 0;
	}
	firn_err_sys(err, "fork");
	close(ends[0]);
	peeker->pid = 0;
unmap:
	munmap(peeker->seen, sizeof(*peeker->seen));
	peeker->seen = NULL;
	return -1;
}

/* What it writes later, it writes for nobody. */
static void
forget(struct firn_peeker *peeker)
{
	close(peeker->socket);
	munmap(peeker->seen, sizeof(*peeker->seen));
	peeker->seen = NULL;
	peeker->pid = 0;
}

static void
abandon(struct firn_peeker *peeker, bool may_kill)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	if (may_kill)
		kill(peeker->pid, SIGKILL);
	for (int i = 0; i < 20 && waitpid(peeker->pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&nap, NULL);
	forget(peeker);
	peeker->abandoned++;
}

/* The last one's bytes are given back to the kernel. */
static void
make_room(struct firn_peeker *peeker)
{
	if (peeker->seen->bytes > 0)
		madvise(peeker->seen, sizeof(*peeker->seen), MADV_REMOVE);
}

int
firn_peeker_ask(struct firn_peeker *peeker, int fd,
		const struct firn_peek_request *request, struct firn_err *err)
{
	int patience_ms =
		request->how == FIRN_PEEK_SURVEY ? SURVEY_MS : READ_MS;
	struct pollfd waiting = { .events = POLLIN };
	int none, ready;
	char done;

	if (peeker->abandoned >= ABANDONED_MAX)
		return firn_err_set(err, ETIMEDOUT,
				    "not tried: %u before it never answered",
				    peeker->abandoned);
	if (peeker->pid == 0 && start(peeker, err) < 0)
		return -1;
	make_room(peeker);
	if (firn_hand_over(peeker->socket, request, sizeof(*request), fd) < 0) {
		firn_err_sys(err, "ask the peeker");
		abandon(peeker, true);
		return -1;
	}
	waiting.fd = peeker->socket;
	do
		ready = poll(&waiting, 1, patience_ms);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0) {
		abandon(peeker, !changes(request) || peeker->seen->restored);
		return firn_err_set(err, ETIMEDOUT,
				    "did not answer within %d ms: its owner "
				    "holds its lock",
				    patience_ms);
	}
	if (firn_take_over(peeker->socket, &done, 1, &none) < 0) {
		abandon(peeker, true);
		return firn_err_set(err, EIO, "the peeker ended");
	}
	return 0;
}

void
firn_peeker_close(struct firn_peeker *peeker)
{
	if (peeker->pid == 0)
		return;
	/* It ends once nobody can ask. */
	shutdown(peeker->socket, SHUT_RDWR);
	while (waitpid(peeker->pid, NULL, 0) < 0 && errno == EINTR)
		;
	forget(peeker);
}
