#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/json.h"
#include "firn/inbox.h"
#include "firn/outbox.h"
#include "host/accounts.h"
#include "host/become.h"
#include "host/root_only.h"
#include "respond/outbox/child.h"

#define KEPT 65536 /* bytes of stdout, and of stderr */

struct hook {
	const char *const *argv;
	const char *path;
	uid_t uid;
	gid_t gid;
	unsigned timeout_s;
};

/* How the program ended, or why it couldn't be started. */
struct report {
	int wait_status;
	struct firn_err err;
};

/* --- in the child ---------------------------------------------------------
 */

/* Per process and, for their number, per user; so that a program of good will
 * can't take the node with it. */
static int
set_limits(unsigned timeout_s, struct firn_err *err)
{
	const struct {
		__rlimit_resource_t what;
		rlim_t most;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_CPU, (rlim_t)timeout_s + 1 },
		{ RLIMIT_DATA, (rlim_t)512 << 20 },
		{ RLIMIT_FSIZE, (rlim_t)64 << 20 },
		{ RLIMIT_NOFILE, 256 },
		{ RLIMIT_NPROC, 256 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit limit = { limits[i].most, limits[i].most };

		if (setrlimit(limits[i].what, &limit) < 0)
			return firn_err_sys(err, "limit its resources");
	}
	return 0;
}

static void
tell(const struct report *report)
{
	/* Nobody is left to tell when this fails too. */
	if (write(FIRN_CHILD_EXTRA, report, sizeof(*report)) < 0)
		_exit(126);
}

static _Noreturn void
become_hook(const struct hook *hook)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		    lang[] = "LANG=C.UTF-8", home[] = "HOME=/";
	char *const environment[] = { path, lang, home, NULL };
	struct report report = { 0 };

	if (setsid() < 0)
		firn_err_sys(&report.err, "give it a session of its own");
	else if (set_limits(hook->timeout_s, &report.err) == 0) {
		/* execve(2) changes no argument. */
		execve(hook->path, (char *const *)(uintptr_t)hook->argv,
		       environment);
		firn_err_sys(&report.err, "exec %s", hook->path);
	}
	tell(&report);
	_exit(127);
}

static bool
nobody_reads(void)
{
	struct pollfd report = { .fd = FIRN_CHILD_EXTRA };

	return poll(&report, 1, 0) > 0;
}

/* The first process of the namespace: when it ends, so does all that the
 * program has started, whatever that did to get away. */
static int
watch_hook(const void *arg)
{
	const struct hook *hook = arg;
	struct report report = { 0 };
	pid_t pid, ended;

	if (fcntl(FIRN_CHILD_EXTRA, F_SETFD, FD_CLOEXEC) < 0 ||
	    firn_become(hook->uid, hook->gid, &report.err) < 0) {
		tell(&report);
		return 1;
	}
	/* Changing the user has undone it; our parent may be gone since. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nobody_reads())
		return 1;
	pid = fork();
	if (pid == 0)
		become_hook(hook);
	if (pid < 0)
		firn_err_sys(&report.err, "fork for user id %u", hook->uid);
	while (pid > 0) {
		ended = waitpid(-1, &report.wait_status, 0);
		if (ended == pid || (ended < 0 && errno != EINTR))
			break;
	}
	tell(&report);
	return 0;
}

/* --- what is told of it ---------------------------------------------------
 */

static void
add_words(json_t *told, const char *key, const char *cut_key,
	  const struct firn_buf *said)
{
	bool cut = said->len > KEPT;

	firn_json_bytes(told, key, said->len > 0 ? said->data : "",
			cut ? KEPT : said->len);
	if (cut)
		json_object_set_new(told, cut_key, json_true());
}

static void
add_end(json_t *told, const struct firn_child *child, int status)
{
	if (child->timed_out)
		json_object_set_new(told, "timed_out", json_true());
	else if (status >= 0 && WIFEXITED(status))
		json_object_set_new(told, "status",
				    json_integer(WEXITSTATUS(status)));
	else
		json_object_set_new(told, "signal",
				    json_integer(status >= 0 ? WTERMSIG(status)
							     : child->signal));
}

/* The first report that is an error, else the last one. */
static int
read_report(int fd, int *ret_status, struct firn_err *err)
{
	struct report report;

	*ret_status = -1;
	while (read(fd, &report, sizeof(report)) == sizeof(report)) {
		if (report.err.code != 0) {
			*err = report.err;
			return -1;
		}
		*ret_status = report.wait_status;
	}
	return 0;
}

static int
tell_of(const struct firn_child *child, int status, json_t **ret,
	struct firn_err *err)
{
	autojson json_t *told = json_object();

	if (told == NULL || child->out.failed || child->err.failed)
		return firn_err_nomem(err);
	add_end(told, child, status);
	if (child->lost)
		json_object_set_new(told, "left_behind", json_true());
	add_words(told, "stdout", "stdout_cut", &child->out);
	add_words(told, "stderr", "stderr_cut", &child->err);
	firn_json_uint(told, "ms",
		       (firn_monotonic_ns() - child->started_ns) / 1000000);
	*ret = firn_steal(told);
	return 0;
}

/* --- run ------------------------------------------------------------------
 */

static int
find_hook(struct hook *hook, char **own, const char *user, struct firn_err *err)
{
	if (user == NULL)
		user = "nobody";
	if (hook->argv[0] == NULL)
		return firn_err_set(err, EINVAL, "there is no program to run");
	if (firn_root_only(hook->argv[0], own, err) < 0 ||
	    firn_account_named(user, &hook->uid, &hook->gid, err) < 0)
		return -1;
	/* What firn's own user puts into the inbox is believed. */
	if (hook->uid == 0 || hook->gid == 0 || strcmp(user, FIRN_USER) == 0)
		return firn_err_set(err, EPERM,
				    "programs of a playbook don't run as %s",
				    user);
	hook->path = *own;
	return 0;
}

static int
run_hook(const struct hook *hook, const char *input, json_t **ret,
	 struct firn_err *err)
{
	autochild struct firn_child child = FIRN_CHILD_NONE;
	autoclose int report_fd = -1, write_fd = -1;
	struct firn_task task = {
		.name = hook->argv[0],
		.input = input,
		.input_len = strlen(input),
		.timeout_ms = hook->timeout_s * 1000,
		.apart = true,
		.most = KEPT + 1,
		.run = watch_hook,
		.arg = hook,
	};
	int ends[2], status;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return firn_err_sys(err, "make a pipe");
	report_fd = ends[0];
	write_fd = ends[1];
	task.extra_fd = write_fd;
	if (firn_child_start(&child, &task, err) < 0 ||
	    firn_child_finish(&child, err) < 0 ||
	    read_report(report_fd, &status, err) < 0)
		return -1;
	return tell_of(&child, status, ret, err);
}

int
firn_run_argv(const char *const *argv, const char *user, unsigned timeout_s,
	      const json_t *input, json_t **ret, struct firn_err *err)
{
	struct hook hook = { .argv = argv, .timeout_s = timeout_s };
	autofree char *own = NULL, *line = NULL;

	if (timeout_s == 0 || timeout_s > FIRN_DURATION_MAX)
		return firn_err_set(err, EINVAL,
				    "%u seconds are no time to run", timeout_s);
	if (find_hook(&hook, &own, user, err) < 0)
		return -1;
	line = firn_json_line(input);
	if (line == NULL)
		return firn_err_nomem(err);
	if (run_hook(&hook, line, ret, err) < 0)
		return firn_err_in(err, "run %s", argv[0]);
	return 0;
}
