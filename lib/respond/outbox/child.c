#include "respond/outbox/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"

#define MS ((uint64_t)1000000)
#define DYING_NS (2000 * MS) /* how long a killed one may take */
#define AT_ONCE 65536
#define MOST_CHILDREN 32

/* --- the child's side ----------------------------------------------------- */

/* Handlers go with execve(2), but what is ignored or blocked would stay. */
static void
forget_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* First out of the way of the numbers that they are to have. */
static bool
place(int *fds, int n)
{
	for (int i = 0; i < n; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD, n);
		if (fds[i] < 0)
			return false;
	}
	for (int i = 0; i < n; i++)
		if (dup2(fds[i], i) < 0)
			return false;
	return close_range((unsigned)n, ~0U, 0) == 0;
}

static _Noreturn void
become_child(const struct firn_task *task, pid_t parent, int in, int out,
	     int errors)
{
	int fds[] = { in, out, errors, task->extra_fd };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!task->apart && getppid() != parent)
		_exit(126);
	forget_signals();
	setsid();
	umask(077);
	if (!place(fds, task->extra_fd < 0 ? 3 : 4) || chdir("/") < 0)
		_exit(126);
	_exit(task->run(task->arg));
}

/* --- start ----------------------------------------------------------------
 */

static int
put_down(const struct firn_task *task, struct firn_err *err)
{
	autoclose int fd =
		memfd_create("firn-task", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return firn_err_sys(err, "make memory for the task of %s",
				    task->name);
	if (firn_write_all(fd, "memory", task->input, task->input_len, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return firn_err_sys(err, "seal the task of %s", task->name);
	return firn_steal_fd(&fd);
}

/* Not fork(3) for a namespace of its own: unshare(2) would be for all children
 * that we ever have. */
static pid_t
fork_as(const struct firn_task *task)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID,
		.exit_signal = SIGCHLD,
	};

	return task->apart ? (pid_t)syscall(SYS_clone3, &args, sizeof(args))
			   : fork();
}

static int
make_pipe(int *read_fd, int *write_fd, struct firn_err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return firn_err_sys(err, "make a pipe");
	*read_fd = ends[0];
	*write_fd = ends[1];
	return fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0
		       ? firn_err_sys(err, "change a pipe")
		       : 0;
}

int
firn_child_start(struct firn_child *child, const struct firn_task *task,
		 struct firn_err *err)
{
	autochild struct firn_child fresh = FIRN_CHILD_NONE;
	autoclose int in = put_down(task, err), out = -1, errors = -1;
	pid_t parent = getpid();

	if (in < 0 || make_pipe(&fresh.out_fd, &out, err) < 0 ||
	    make_pipe(&fresh.err_fd, &errors, err) < 0)
		return -1;
	fresh.name = task->name;
	fresh.most = task->most;
	fresh.started_ns = firn_monotonic_ns();
	fresh.ends_ns = fresh.started_ns + task->timeout_ms * MS;
	fresh.pid = fork_as(task);
	if (fresh.pid == 0)
		become_child(task, parent, in, out, errors);
	if (fresh.pid < 0)
		return firn_err_sys(err, "start %s", task->name);
	fresh.pid_fd = (int)syscall(SYS_pidfd_open, fresh.pid, 0);
	if (fresh.pid_fd < 0)
		return firn_err_sys(err, "watch %s", task->name);
	*child = fresh;
	fresh = (struct firn_child)FIRN_CHILD_NONE;
	return 0;
}

/* --- what it says ---------------------------------------------------------
 */

/* Returns whether there may be more now. */
static bool
hear(int *fd, struct firn_buf *kept, size_t most)
{
	char data[AT_ONCE];
	ssize_t n = read(*fd, data, sizeof(data));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return false;
	}
	if (kept->len < most) {
		size_t room = most - kept->len;

		firn_buf_add(kept, data, (size_t)n < room ? (size_t)n : room);
	}
	return true;
}

/* What stood in a pipe when it ended; whoever else still holds its other end is
 * not waited for. */
static void
hear_last(int *fd, struct firn_buf *kept, size_t most)
{
	for (int i = 0; i < 32 && *fd >= 0 && hear(fd, kept, most); i++)
		;
	firn_auto_close(fd);
	*fd = -1;
}

static void
settle(struct firn_child *child)
{
	siginfo_t info = { 0 };

	child->status = -1;
	if (!child->lost &&
	    waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG) == 0) {
		if (info.si_code == CLD_EXITED)
			child->status = info.si_status;
		else
			child->signal = info.si_status;
	}
	hear_last(&child->out_fd, &child->out, child->most);
	hear_last(&child->err_fd, &child->err, child->most);
	firn_auto_close(&child->pid_fd);
	child->pid_fd = -1;
	child->ended = true;
}

/* --- wait -----------------------------------------------------------------
 */

static void
keep_time(struct firn_child *child, uint64_t now)
{
	if (now < child->ends_ns)
		return;
	if (child->timed_out) {
		child->lost = true;
		settle(child);
		return;
	}
	child->timed_out = true;
	child->ends_ns = now + DYING_NS;
	kill(child->pid, SIGKILL);
}

struct waiting {
	struct pollfd fds[3 * MOST_CHILDREN];
	struct firn_child *of[3 * MOST_CHILDREN];
	nfds_t n;
};

static void
add(struct waiting *waiting, struct firn_child *child, int fd)
{
	if (fd < 0)
		return;
	waiting->fds[waiting->n] = (struct pollfd){
		.fd = fd,
		.events = POLLIN,
	};
	waiting->of[waiting->n++] = child;
}

static int
wait_ms(struct firn_child *const *children, size_t n, uint64_t until_ns)
{
	uint64_t now = firn_monotonic_ns();

	for (size_t i = 0; i < n; i++)
		if (!children[i]->ended && children[i]->ends_ns < until_ns)
			until_ns = children[i]->ends_ns;
	if (until_ns <= now)
		return 0;
	return until_ns - now > INT32_MAX * MS
		       ? INT32_MAX
		       : (int)((until_ns - now) / MS) + 1;
}

static void
answer(struct firn_child *child, int fd)
{
	if (fd == child->out_fd)
		hear(&child->out_fd, &child->out, child->most);
	else if (fd == child->err_fd)
		hear(&child->err_fd, &child->err, child->most);
	else if (fd == child->pid_fd)
		settle(child);
}

static bool
one_ended(struct firn_child *const *children, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (children[i]->ended)
			return true;
	return n == 0;
}

int
firn_child_wait(struct firn_child *const *children, size_t n, uint64_t until_ns,
		struct firn_err *err)
{
	assert(n <= MOST_CHILDREN);
	while (!one_ended(children, n)) {
		struct waiting waiting = { 0 };

		for (size_t i = 0; i < n; i++) {
			add(&waiting, children[i], children[i]->out_fd);
			add(&waiting, children[i], children[i]->err_fd);
			add(&waiting, children[i], children[i]->pid_fd);
		}
		if (poll(waiting.fds, waiting.n,
			 wait_ms(children, n, until_ns)) < 0 &&
		    errno != EINTR)
			return firn_err_sys(err, "wait for a child");
		for (nfds_t i = 0; i < waiting.n; i++)
			if (waiting.fds[i].revents != 0)
				answer(waiting.of[i], waiting.fds[i].fd);
		for (size_t i = 0; i < n; i++)
			if (!children[i]->ended)
				keep_time(children[i], firn_monotonic_ns());
		if (firn_monotonic_ns() >= until_ns)
			return 0;
	}
	return 0;
}

int
firn_child_finish(struct firn_child *child, struct firn_err *err)
{
	return firn_child_wait(&child, 1, UINT64_MAX, err);
}

void
firn_child_end(struct firn_child *child)
{
	struct firn_err none = { 0 };

	if (child->pid > 0 && !child->ended) {
		child->ends_ns = 0;
		if (child->pid_fd < 0 || firn_child_finish(child, &none) < 0)
			kill(child->pid, SIGKILL);
	}
	firn_auto_close(&child->pid_fd);
	firn_auto_close(&child->out_fd);
	firn_auto_close(&child->err_fd);
	firn_buf_free(&child->out);
	firn_buf_free(&child->err);
	*child = (struct firn_child)FIRN_CHILD_NONE;
}
