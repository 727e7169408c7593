#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "contain/watch/holder_child.h"
#include "host/proc.h"

/* New ones are born only where the freeze isn't whole. */
#define MOST_ROUNDS 5

static pid_t
number_in_status(const struct firn_holder_child *child, pid_t tid,
		 const char *key)
{
	autofree char *status = NULL;
	struct firn_err gone = { 0 };
	char text[16];
	size_t len;

	if (firn_proc_read(child->target->host, tid, "status", FIRN_PROC_MAX,
			   &status, &len, &gone) < 0 ||
	    firn_proc_status_field(status, key, text, sizeof(text)) < 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

static void
describe(const struct firn_holder_child *child, pid_t tid,
	 struct firn_holder_event *event)
{
	event->tid = tid;
	event->pid = number_in_status(child, tid, "Tgid");
	firn_holder_comm(tid, event->comm);
}

static void
not_held(struct firn_holder_child *child, pid_t tid, int code)
{
	struct firn_holder_event event = { .news = FIRN_HOLDER_NOT_HELD,
					   .code = code };
	struct firn_err ignored = { 0 };

	describe(child, tid, &event);
	event.tracer = number_in_status(child, tid, "TracerPid");
	if (event.tracer != 0)
		firn_holder_comm(event.tracer, event.tracer_comm);
	firn_holder_tell(child, &event);
	if (firn_tasks_add(&child->refused, tid, &ignored) == 0)
		firn_tasks_sort(&child->refused);
}

static bool
is_v1_frozen(const struct firn_holder_child *child)
{
	const struct firn_cgroup *cgroup =
		firn_freezer_cgroup(child->target, FIRN_V1);
	struct firn_freezer_state state = { 0 };
	struct firn_err ignored = { 0 };

	return cgroup != NULL &&
	       firn_freezer_read(cgroup, FIRN_V1, &state, &ignored) == 0 &&
	       (state.own || state.ancestors || state.frozen);
}

/* v1 shows a stopped task as D once it is frozen: then the place where it
 * waits tells. */
static bool
is_stopped(const struct firn_holder_child *child, pid_t tid, char state)
{
	autofree char *wchan = NULL;
	struct firn_err gone = { 0 };
	size_t len;

	if (strchr("Tt", state) != NULL)
		return true;
	if (firn_proc_read(child->target->host, tid, "wchan", 4096, &wchan,
			   &len, &gone) < 0)
		return false;
	return strstr(wchan, "signal_stop") != NULL ||
	       strstr(wchan, "ptrace_stop") != NULL;
}

static bool
is_skipped(const struct firn_holder_child *child, pid_t tid)
{
	for (size_t i = 0; i < child->shared->n_skipped; i++)
		if (child->shared->skipped[i] == tid)
			return true;
	return false;
}

struct round {
	bool v1_frozen, stopped_only;
};

/* Returns whether it's one more. */
static bool
seize(struct firn_holder_child *child, pid_t tid, const struct round *round)
{
	struct firn_proc_stat stat = { 0 };
	struct firn_err why = { 0 };
	int code = 0;

	if (firn_tasks_have(&child->held, tid) ||
	    firn_tasks_have(&child->refused, tid) || is_skipped(child, tid))
		return false;
	if (firn_proc_stat(child->target->host, tid, &stat, &why) < 0 ||
	    strchr("ZX", stat.state) != NULL ||
	    (round->stopped_only && strchr("Tt", stat.state) == NULL))
		return false;
	if (round->v1_frozen && is_stopped(child, tid, stat.state)) {
		not_held(child, tid, EBUSY);
		return false;
	}
	child->shared->trying = tid;
	if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)PTRACE_O_TRACEEXIT) < 0)
		code = errno;
	child->shared->trying = 0;
	if (code == ESRCH)
		return false;
	if (code != 0) {
		not_held(child, tid, code);
		return false;
	}
	if (firn_tasks_add(&child->held, tid, &why) == 0)
		firn_tasks_sort(&child->held);
	child->shared->n_held++;
	return true;
}

static size_t
seize_each(struct firn_holder_child *child, const pid_t *tids, size_t n,
	   const struct round *round)
{
	size_t more = 0;

	for (size_t i = 0; i < n; i++)
		more += seize(child, tids[i], round);
	return more;
}

/* A kill that empties a pid namespace begins with its pid 1: while that one is
 * held at the door, the rest isn't killed. */
static size_t
seize_first(struct firn_holder_child *child, const struct round *round)
{
	autofree pid_t *tids = NULL;
	struct firn_err gone = { 0 };
	size_t n = 0;

	if (child->target->init_pid <= 1 ||
	    firn_proc_threads(child->target->host, child->target->init_pid,
			      &tids, &n, &gone) < 0)
		return 0;
	return seize_each(child, tids, n, round);
}

int
firn_holder_seize_all(struct firn_holder_child *child, bool stopped_only,
		      struct firn_err *err)
{
	static const char *const files[] = { "cgroup.threads", "tasks" };
	const struct round now = { .v1_frozen = is_v1_frozen(child),
				   .stopped_only = stopped_only };
	const struct round *round = &now;

	for (unsigned turn = 0; turn < MOST_ROUNDS; turn++) {
		size_t more = seize_first(child, round);

		for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
			const struct firn_cgroup *cgroup =
				firn_freezer_cgroup(child->target, h);
			autotasks struct firn_tasks tasks = { 0 };

			if (cgroup == NULL)
				continue;
			if (firn_tasks_list(cgroup->dir_fd, files[h], &tasks,
					    err) < 0)
				return -1;
			more += seize_each(child, tasks.items, tasks.n, round);
		}
		if (more == 0)
			break;
	}
	return 0;
}

static void
at_the_door(struct firn_holder_child *child, pid_t tid)
{
	struct firn_holder_event event = { .news = FIRN_HOLDER_KILLED };
	unsigned long status = 0;

	if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &status) < 0)
		return;
	if (!WIFSIGNALED((int)status)) {
		/* By itself: that's not what we're here for. */
		ptrace(PTRACE_CONT, tid, NULL, NULL);
		return;
	}
	event.code = WTERMSIG((int)status);
	describe(child, tid, &event);
	firn_holder_tell(child, &event);
}

/* Every other stop is passed on as if nobody looked: ptrace(2), "Group-stop",
 * "PTRACE_EVENT stops". */
static void
stopped(struct firn_holder_child *child, pid_t tid, int status)
{
	const int event = status >> 16, signal = WSTOPSIG(status);

	if (event == PTRACE_EVENT_EXIT)
		at_the_door(child, tid);
	else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
		ptrace(PTRACE_LISTEN, tid, NULL, NULL);
	else if (event != 0)
		ptrace(PTRACE_CONT, tid, NULL, NULL);
	else
		ptrace(PTRACE_CONT, tid, NULL, (void *)(intptr_t)signal);
}

void
firn_holder_stops(struct firn_holder_child *child)
{
	pid_t tid;
	int status;

	/* One that has ended must be waited for, or its parent never may. */
	while ((tid = waitpid(-1, &status, __WALL | WNOHANG)) > 0)
		if (WIFSTOPPED(status))
			stopped(child, tid, status);
		else if (child->shared->n_held > 0)
			child->shared->n_held--;
}
