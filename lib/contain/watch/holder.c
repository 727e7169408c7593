#include "contain/watch/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "contain/watch/holder_child.h"

/* How long it may be at one thread, and how long an answer may take. */
#define HANGS_NS (250 * UINT64_C(1000000))
#define ANSWER_NS (60 * UINT64_C(1000000000))

struct firn_holder {
	const struct firn_target *target;
	struct firn_holder_shared *shared;
	int socket_fd;
	pid_t pid; /* 0: none */
	size_t n_told;
};

/* Only what it needs stays open: nobody's pipe is to be kept open by it. */
static void
close_others(struct firn_holder_child *child)
{
	const int kept[] = { child->socket_fd,
			     child->signal_fd,
			     child->target->v2.dir_fd,
			     child->target->freezer.dir_fd,
			     child->target->host->proc_fd,
			     child->target->host->root_fd };
	const int most = 1 << 20;
	int from = 0;

	while (from < most) {
		int next = most;

		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (kept[i] >= from && kept[i] < next)
				next = kept[i];
		if (next > from)
			close_range((unsigned)from, (unsigned)next - 1, 0);
		from = next + 1;
	}
}

static _Noreturn void
be_the_holder(const struct firn_holder *holder, int socket_fd, pid_t firn)
{
	struct firn_holder_child child = {
		.target = holder->target,
		.shared = holder->shared,
		.socket_fd = socket_fd,
		.watch_fd = -1,
	};
	sigset_t all, children;

	/* A Ctrl-C is for firn, which then ends us. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_NAME, "firn-holder");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != firn)
		_exit(0);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	child.signal_fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (child.signal_fd < 0)
		_exit(1);
	close_others(&child);
	firn_holder_child(&child);
}

static int
start(struct firn_holder *holder, struct firn_err *err)
{
	const pid_t firn = getpid();
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return firn_err_sys(err, "make a socket for the holder");
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		be_the_holder(holder, fds[1], firn);
	}
	close(fds[1]);
	if (pid < 0) {
		firn_err_sys(err, "make the holder");
		close(fds[0]);
		return -1;
	}
	holder->socket_fd = fds[0];
	holder->pid = pid;
	holder->shared->n_held = 0;
	holder->shared->trying = 0;
	return 0;
}

static void
stop(struct firn_holder *holder)
{
	if (holder->pid == 0)
		return;
	close(holder->socket_fd);
	holder->socket_fd = -1;
	kill(holder->pid, SIGKILL);
	while (waitpid(holder->pid, NULL, 0) < 0 && errno == EINTR)
		;
	holder->pid = 0;
}

int
firn_holder_start(struct firn_holder **ret, const struct firn_target *target,
		  struct firn_err *err)
{
	autodone(firn_holder_end) struct firn_holder *holder = NULL;
	void *shared;

	holder = calloc(1, sizeof(*holder));
	if (holder == NULL)
		return firn_err_nomem(err);
	holder->target = target;
	holder->socket_fd = -1;
	shared = mmap(NULL, sizeof(*holder->shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return firn_err_sys(err, "share memory with the holder");
	holder->shared = shared;
	if (start(holder, err) < 0)
		return -1;
	*ret = firn_steal(holder);
	return 0;
}

void
firn_holder_end(struct firn_holder **ptr)
{
	struct firn_holder *holder = *ptr;

	if (holder == NULL)
		return;
	stop(holder);
	if (holder->shared != NULL)
		munmap(holder->shared, sizeof(*holder->shared));
	free(holder);
	*ptr = NULL;
}

/* Wait for the answer; ETIMEDOUT if it stays at one thread, or takes too long
 * as a whole. */
static int
wait_answer(struct firn_holder *holder, struct firn_err *err)
{
	const uint64_t deadline_ns = firn_monotonic_ns() + ANSWER_NS;
	uint64_t since_ns = firn_monotonic_ns();
	pid_t at = 0;

	for (;;) {
		struct pollfd fd = { .fd = holder->socket_fd,
				     .events = POLLIN };
		uint64_t now_ns;
		pid_t trying;
		int code;

		if (poll(&fd, 1, 100) < 0 && errno != EINTR)
			return firn_err_sys(err, "wait for the holder");
		if (fd.revents != 0) {
			if (recv(holder->socket_fd, &code, sizeof(code),
				 MSG_DONTWAIT) != (ssize_t)sizeof(code))
				return firn_err_set(err, EPIPE,
						    "the holder has ended");
			errno = code;
			return code == 0 ? 0 : firn_err_sys(err, "the holder");
		}
		trying = holder->shared->trying;
		now_ns = firn_monotonic_ns();
		if (trying != at || trying == 0)
			since_ns = now_ns;
		at = trying;
		if (now_ns - since_ns > HANGS_NS || now_ns > deadline_ns)
			return firn_err_set(err, ETIMEDOUT,
					    "the holder doesn't answer");
	}
}

static int
ask(struct firn_holder *holder, const struct firn_holder_request *request,
    struct firn_err *err)
{
	if (holder->pid == 0)
		return firn_err_set(err, EPIPE, "the holder has ended");
	if (send(holder->socket_fd, request, sizeof(*request), MSG_NOSIGNAL) <
	    0)
		return firn_err_sys(err, "ask the holder");
	return wait_answer(holder, err);
}

/* It hangs in the kernel at a thread: one without that. */
static int
start_without(struct firn_holder *holder, pid_t tid, struct firn_err *err)
{
	struct firn_holder_shared *shared = holder->shared;
	struct firn_holder_event event = { .news = FIRN_HOLDER_NOT_HELD,
					   .time = firn_now(),
					   .tid = tid,
					   .code = ETIMEDOUT };

	stop(holder);
	if (tid == 0 || shared->n_skipped == FIRN_HOLDER_SKIPPED)
		return -1;
	*err = (struct firn_err){ 0 };
	firn_holder_comm(tid, event.comm);
	shared->skipped[shared->n_skipped++] = tid;
	if (shared->n_events < FIRN_HOLDER_EVENTS)
		shared->events[shared->n_events++] = event;
	return start(holder, err);
}

int
firn_holder_seize(struct firn_holder *holder, bool stopped_only,
		  struct firn_err *err)
{
	const struct firn_holder_request request = {
		.what = FIRN_HOLDER_SEIZE,
		.stopped_only = stopped_only,
	};

	while (ask(holder, &request, err) < 0) {
		if (err->code != ETIMEDOUT ||
		    start_without(holder, holder->shared->trying, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_holder_watch(struct firn_holder *holder,
		  const bool refreeze[FIRN_N_HIERARCHIES], uint64_t until_ns,
		  struct firn_err *err)
{
	struct firn_holder_request request = { .what = FIRN_HOLDER_WATCH,
					       .until_ns = until_ns };

	memcpy(request.refreeze, refreeze, sizeof(request.refreeze));
	return ask(holder, &request, err);
}

int
firn_holder_sync(struct firn_holder *holder, struct firn_err *err)
{
	const struct firn_holder_request request = { .what = FIRN_HOLDER_SYNC };

	return ask(holder, &request, err);
}

bool
firn_holder_next(struct firn_holder *holder, struct firn_holder_event *ret)
{
	if (holder->n_told == holder->shared->n_events)
		return false;
	*ret = holder->shared->events[holder->n_told++];
	return true;
}

size_t
firn_holder_held(const struct firn_holder *holder)
{
	return holder->shared->n_held;
}

pid_t
firn_holder_pid(const struct firn_holder *holder)
{
	return holder->pid;
}
