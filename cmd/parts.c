#include "parts.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/notify.h"

#define PARTS_MAX 4
#define TICK_MS 200
#define MS ((uint64_t)1000000)
#define SILENT_NS (60 * 1000 * MS)
#define STOP_NS (10 * 1000 * MS)   /* then SIGKILL */
#define LASTED_NS (60 * 1000 * MS) /* then it is as good as new */
#define PAUSE_FIRST_MS 100
#define PAUSE_MOST_MS 30000

struct running {
	struct firn_part *parts;
	size_t n;
	const struct firn_parts_owner *owner;
	int signal_fd, manager_fd;
	sigset_t before;
	bool told_ready, stopping;
	uint64_t stop_ns; /* when to lose patience */
	uint64_t told_ns; /* that we're alive */
};

static void FIRN_PRINTF(2, 3)
	say(const struct running *running, const char *fmt, ...)
{
	char text[FIRN_ERR_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	running->owner->say(text, running->owner->arg);
}

/* --- starting -------------------------------------------------------------
 */

_Noreturn static void
be_part(const struct running *running, const struct firn_part *part,
	pid_t parent, int notify_fd)
{
	/* What is a root's yet hears of our end; the receiver, which becomes
	 * another user, by its descriptor. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	close(running->signal_fd);
	firn_auto_close(&running->manager_fd);
	for (size_t i = 0; i < running->n; i++)
		firn_auto_close(&running->parts[i].notify_fd);
	sigprocmask(SIG_SETMASK, &running->before, NULL);
	part->run(part->arg, notify_fd);
	_exit(1);
}

static int
start(struct running *running, struct firn_part *part, struct firn_err *err)
{
	autoclose int ours = -1, its = -1;
	pid_t parent = getpid();
	int fds[2];

	/* Of packets, so that its end is seen. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return firn_err_sys(err, "make a pair of sockets");
	ours = fds[0];
	its = fds[1];
	fflush(NULL);
	part->pid = fork();
	if (part->pid < 0) {
		part->pid = 0;
		return firn_err_sys(err, "start %s", part->name);
	}
	if (part->pid == 0) {
		close(ours);
		be_part(running, part, parent, its);
	}
	part->notify_fd = firn_steal_fd(&ours);
	part->ready = false;
	part->began_ns = part->heard_ns = firn_monotonic_ns();
	return 0;
}

/* --- what they say --------------------------------------------------------
 */

static void
hear(const struct running *running, struct firn_part *part)
{
	char text[64] = "";
	ssize_t n = recv(part->notify_fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return;
	part->heard_ns = firn_monotonic_ns();
	if (strstr(text, "READY=1") != NULL) {
		if (part->was_ready)
			say(running, "%s is there again", part->name);
		part->ready = part->was_ready = true;
	}
}

static void
tell_manager(struct running *running)
{
	uint64_t now = firn_monotonic_ns();

	for (size_t i = 0; i < running->n; i++)
		if (!running->parts[i].was_ready)
			return;
	if (!running->told_ready)
		firn_notify(running->manager_fd, "READY=1");
	running->told_ready = true;
	if (now - running->told_ns < 1000 * MS)
		return;
	firn_notify(running->manager_fd, "WATCHDOG=1");
	running->told_ns = now;
}

/* --- their ends -----------------------------------------------------------
 */

static void
how_it_ended(int status, char *ret, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(ret, size, "was ended by signal %d (%s)",
			 WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(ret, size, "ended with status %d",
			 WEXITSTATUS(status));
}

static void
plan_restart(const struct running *running, struct firn_part *part,
	     const char *how)
{
	uint64_t now = firn_monotonic_ns();

	if (part->pause_ms == 0 || now - part->began_ns > LASTED_NS)
		part->pause_ms = PAUSE_FIRST_MS;
	else if (part->pause_ms < PAUSE_MOST_MS)
		part->pause_ms *= 2;
	part->due_ns = now + part->pause_ms * MS;
	say(running, "%s %s, and is started again", part->name, how);
}

/* -1 if one ended that has never been ready. */
static int
reap(struct running *running, struct firn_err *err)
{
	int failed = 0;

	for (size_t i = 0; i < running->n; i++) {
		struct firn_part *part = &running->parts[i];
		char how[64];
		int status;

		if (part->pid == 0 ||
		    waitpid(part->pid, &status, WNOHANG) != part->pid)
			continue;
		part->pid = 0;
		firn_auto_close(&part->notify_fd);
		part->notify_fd = -1;
		how_it_ended(status, how, sizeof(how));
		if (running->stopping)
			continue;
		if (part->was_ready)
			plan_restart(running, part, how);
		else
			failed = firn_err_set(err, ECHILD,
					      "%s %s before it was ready",
					      part->name, how);
	}
	return failed;
}

static void
send_all(const struct running *running, int signal)
{
	for (size_t i = 0; i < running->n; i++)
		if (running->parts[i].pid > 0)
			kill(running->parts[i].pid, signal);
}

static void
stop(struct running *running)
{
	if (running->stopping)
		return;
	firn_notify(running->manager_fd, "STOPPING=1");
	running->stopping = true;
	running->stop_ns = firn_monotonic_ns() + STOP_NS;
	send_all(running, SIGTERM);
}

static bool
any_runs(const struct running *running)
{
	for (size_t i = 0; i < running->n; i++)
		if (running->parts[i].pid > 0)
			return true;
	return false;
}

/* What is due by the clock. */
static void
look_at_clock(struct running *running)
{
	uint64_t now = firn_monotonic_ns();

	if (running->stopping) {
		if (now > running->stop_ns)
			send_all(running, SIGKILL);
		return;
	}
	for (size_t i = 0; i < running->n; i++) {
		struct firn_part *part = &running->parts[i];
		struct firn_err why = { 0 };

		if (part->pid == 0 && now >= part->due_ns &&
		    start(running, part, &why) < 0) {
			say(running, "%s", why.text);
			part->due_ns = now + PAUSE_MOST_MS * MS;
		}
		if (part->pid > 0 && part->ready &&
		    now - part->heard_ns > SILENT_NS) {
			say(running, "%s says nothing any more", part->name);
			kill(part->pid, SIGKILL);
			part->heard_ns = now;
		}
	}
	tell_manager(running);
}

/* --------------------------------------------------------------------------
 */

static void
start_anew(const struct running *running)
{
	struct firn_err why = { 0 };

	if (running->owner->check(running->owner->arg, &why) == 0)
		send_all(running, SIGTERM);
	else
		say(running, "all stays as it was: %s", why.text);
}

static void
take_signals(struct running *running)
{
	struct signalfd_siginfo info;

	while (read(running->signal_fd, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			stop(running);
		if (info.ssi_signo == SIGHUP && !running->stopping)
			start_anew(running);
	}
}

static int
loop(struct running *running, struct firn_err *err)
{
	struct firn_err ignored = { 0 };
	int failed = 0;

	while (!running->stopping || any_runs(running)) {
		struct pollfd fds[PARTS_MAX + 1] = {
			{ .fd = running->signal_fd, .events = POLLIN },
		};

		for (size_t i = 0; i < running->n; i++)
			fds[i + 1] = (struct pollfd){
				.fd = running->parts[i].notify_fd,
				.events = POLLIN,
			};
		poll(fds, running->n + 1, TICK_MS);
		for (size_t i = 0; i < running->n; i++)
			if (fds[i + 1].revents != 0)
				hear(running, &running->parts[i]);
		take_signals(running);
		if (reap(running, failed == 0 ? err : &ignored) < 0) {
			failed = -1;
			stop(running);
		}
		look_at_clock(running);
	}
	return failed;
}

int
firn_parts_run(struct firn_part *parts, size_t n,
	       const struct firn_parts_owner *owner, struct firn_err *err)
{
	struct running running = { .parts = parts,
				   .n = n,
				   .owner = owner,
				   .signal_fd = -1,
				   .manager_fd = -1 };
	sigset_t signals;
	int failed;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &running.before);
	for (size_t i = 0; i < n; i++)
		parts[i].notify_fd = -1;
	running.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (running.signal_fd < 0)
		failed = firn_err_sys(err, "wait for signals");
	else if (firn_notify_open(&running.manager_fd, err) < 0)
		failed = -1;
	else
		failed = loop(&running, err);
	firn_auto_close(&running.signal_fd);
	firn_auto_close(&running.manager_fd);
	sigprocmask(SIG_SETMASK, &running.before, NULL);
	return failed;
}
