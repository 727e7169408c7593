#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "firn/freeze.h"
#include "respond/cases/work.h"

/*
 * work_kill -- a container is ended.
 *
 * Nothing can undo that, so it is in the ledger as "final".  A frozen task gets
 * its signal at once and acts on it when it is thawed; on SIGKILL it never runs
 * again in between.
 */

#define TERM_S 10
#define KILL_NS (10 * UINT64_C(1000000000))
#define LOOK_AGAIN_US 20000

static int
ask(struct firn_work *work, const char *action, uint64_t *ret,
    struct firn_err *err)
{
	autojson json_t *details = json_object();
	const struct firn_target *target = work->target;

	firn_json_uint(details, "pid", (uint64_t)target->init_pid);
	firn_json_uint(details, "start_ticks", target->init_start_ticks);
	firn_json_text(details, "v2", target->v2.folder);
	firn_json_text(details, "v1", target->freezer.folder);
	return firn_ledger_ask(work->ledger, action, details, ret, err);
}

static int
send_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

static bool
has_ended(int pidfd, int wait_ms)
{
	struct pollfd one = { .fd = pidfd, .events = POLLIN };

	return poll(&one, 1, wait_ms) > 0;
}

/* A process of it, if the pid is still that one. */
static void
kill_member(struct firn_work *work, const struct firn_member *member)
{
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, member->pid, 0);
	struct firn_proc_stat stat;
	struct firn_err gone = { 0 };

	if (pidfd < 0 || member->joined ||
	    firn_proc_stat(work->runner->host, member->pid, &stat, &gone) < 0 ||
	    stat.start_ticks != member->start_ticks)
		return;
	send_signal(pidfd, SIGKILL);
}

/* Returns how many of its processes there still were. */
static int
kill_all(struct firn_work *work, struct firn_err *err)
{
	struct firn_target *target = work->target;
	struct firn_err no_file = { 0 };
	int n = 0;

	send_signal(target->init_pidfd, SIGKILL);
	/* Not before Linux 5.14, and not in v1: then one by one. */
	if (target->v2.dir_fd >= 0 &&
	    firn_write_at(target->v2.dir_fd, "cgroup.kill", "1", &no_file) < 0)
		no_file = (struct firn_err){ 0 };
	if (firn_target_scan(target, err) < 0)
		return has_ended(target->init_pidfd, 0) ? 0 : -1;
	for (size_t i = 0; i < target->members.n; i++) {
		kill_member(work, &target->members.items[i]);
		n += !target->members.items[i].joined;
	}
	return n;
}

/* With its first process goes its pid namespace; what is not in that, by
 * itself. */
static int
kill_until_gone(struct firn_work *work, struct firn_err *err)
{
	uint64_t deadline = firn_monotonic_ns() + KILL_NS;

	for (;;) {
		autojson json_t *thawed = NULL;
		struct firn_err why = { 0 };
		int left = kill_all(work, err);

		if (left < 0)
			return -1;
		/* On v1 it dies once it is thawed. */
		if (left > 0 && firn_is_frozen(work->target) &&
		    firn_thaw(work->target, work->ledger, false, &thawed,
			      &why) < 0)
			return firn_err_in(&why, "it was killed, and"),
			       *err = why, -1;
		if (has_ended(work->target->init_pidfd, 0) && left == 0)
			return 0;
		if (firn_monotonic_ns() >= deadline)
			return firn_err_set(err, ETIMEDOUT,
					    "killed, and %d processes are "
					    "still there",
					    left);
		usleep(LOOK_AGAIN_US);
	}
}

/* The changes that it leaves open are of a container that is gone. */
static int
forget(struct firn_work *work, struct firn_err *err)
{
	autojson json_t *said = NULL;

	return firn_thaw_recorded(work->runner->host, work->ledger, &said, err);
}

static int
stop(struct firn_work *work, struct firn_err *err)
{
	autojson json_t *thawed = NULL;

	if (send_signal(work->target->init_pidfd, SIGTERM) < 0 &&
	    errno != ESRCH)
		return firn_err_sys(err, "send SIGTERM to process %d",
				    (int)work->target->init_pid);
	if (firn_thaw(work->target, work->ledger, false, &thawed, err) < 0)
		return -1;
	return has_ended(work->target->init_pidfd, TERM_S * 1000);
}

int
firn_work_kill(struct firn_work *work, bool at_once, json_t **ret,
	       struct firn_err *err)
{
	uint64_t change;
	int ended = 0;

	if (firn_work_ledger(work, err) < 0 ||
	    ask(work, at_once ? "kill" : "stop", &change, err) < 0)
		return -1;
	if (!at_once)
		ended = stop(work, err);
	if (ended < 0 || kill_until_gone(work, err) < 0)
		return -1;
	if (firn_ledger_note(work->ledger, change, "final", NULL, err) < 0 ||
	    forget(work, err) < 0)
		return -1;
	*ret = json_pack("{s:s, s:s}", "state", "ended", "by",
			 ended > 0 ? "SIGTERM" : "SIGKILL");
	return 0;
}
