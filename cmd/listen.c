#include "cmd.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/notify.h"
#include "base/policy_file.h"
#include "firn/cases.h"
#include "firn/inbox.h"
#include "firn/playbook.h"
#include "firn/policy.h"
#include "host/libexec.h"
#include "parts.h"

#define ALIVE_NS UINT64_C(1000000000)

struct listening {
	const struct firn_cmd *self;
	struct firn_common common;
	const char *policy, *playbooks, *inbox;
	bool receive_only, run_only;
	pid_t pid; /* whom systemd has passed sockets to */
};

/* --- what happens, as it happens ------------------------------------------
 */

static void
say(const char *text, void *arg)
{
	const struct listening *listening = arg;

	firn_cmd_say(&listening->common, "%s", text);
}

static void
say_line(const struct firn_common *common, const json_t *line)
{
	const char *id = firn_json_string(line, "case", NULL);
	const char *event = firn_json_string(line, "event", NULL);
	const char *kind = firn_json_string(line, "kind", NULL);
	const char *state = firn_json_string(line, "state", NULL);
	const char *why = firn_json_string(line, "why", NULL);

	if (why == NULL)
		why = firn_json_string(line, "text", NULL);
	firn_cmd_say(common, "%s%s%s%s%s%s%s%s%s", id != NULL ? id : "",
		     id != NULL ? ": " : "", event != NULL ? event : "?",
		     kind != NULL ? " " : "", kind != NULL ? kind : "",
		     state != NULL ? " " : "", state != NULL ? state : "",
		     why != NULL ? ": " : "", why != NULL ? why : "");
}

static void
told(const json_t *line, void *arg)
{
	const struct listening *listening = arg;
	autofree char *text = NULL;

	if (!listening->common.json) {
		say_line(&listening->common, line);
		return;
	}
	text = firn_json_line(line);
	if (text != NULL) {
		puts(text);
		fflush(stdout);
	}
}

/* --- the receiver ---------------------------------------------------------
 */

/* Sockets are passed to a process by its number, and it has another now. */
static void
pass_on_sockets(const struct listening *listening)
{
	const char *text = getenv("LISTEN_PID");
	char number[24];
	uint64_t pid;

	if (text == NULL || !firn_is_decimal(text, &pid) ||
	    pid != (uint64_t)listening->pid)
		return;
	snprintf(number, sizeof(number), "%d", getpid());
	setenv("LISTEN_PID", number, 1);
}

static void
be_receiver(void *arg, int notify_fd)
{
	const struct listening *listening = arg;
	const char *argv[8] = { "firn-receiver" };
	autofree char *path = NULL;
	struct firn_err err = { 0 };
	char number[16];
	size_t n = 1;
	int fd = dup(notify_fd); /* without FD_CLOEXEC */

	if (fd < 0 || firn_libexec("firn-receiver", &path, &err) < 0) {
		firn_cmd_failed(listening->self, &listening->common, &err);
		_exit(FIRN_EXIT_FAILED);
	}
	pass_on_sockets(listening);
	snprintf(number, sizeof(number), "%d", fd);
	argv[n++] = "--notify-fd";
	argv[n++] = number;
	if (listening->policy != NULL) {
		argv[n++] = "--policy";
		argv[n++] = listening->policy;
	}
	if (listening->inbox != NULL) {
		argv[n++] = "--inbox";
		argv[n++] = listening->inbox;
	}
	execv(path, (char *const *)(uintptr_t)argv);
	firn_err_sys(&err, "start %s", path);
	firn_cmd_failed(listening->self, &listening->common, &err);
	_exit(FIRN_EXIT_FAILED);
}

/* --- the runner -----------------------------------------------------------
 */

struct runs {
	const struct listening *listening;
	int notify_fd;
	uint64_t said_ns; /* that it is alive */
};

static void
on_ready(void *arg)
{
	const struct runs *runs = arg;

	firn_notify(runs->notify_fd, "READY=1");
}

static void
on_alive(void *arg)
{
	struct runs *runs = arg;
	uint64_t now = firn_monotonic_ns();

	if (now - runs->said_ns < ALIVE_NS)
		return;
	firn_notify(runs->notify_fd, "WATCHDOG=1");
	runs->said_ns = now;
}

static void
on_told(const json_t *line, void *arg)
{
	const struct runs *runs = arg;

	told(line, (void *)(uintptr_t)runs->listening);
}

static int
stop_fd(struct firn_err *err)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 ? fd : firn_err_sys(err, "wait for signals");
}

static int
work_inbox(const struct listening *listening, int notify_fd,
	   struct firn_err *err)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	autodone(firn_playbooks_close) struct firn_playbooks playbooks = { 0 };
	struct runs runs = { listening, notify_fd, 0 };
	struct firn_runner runner = {
		.host = &scene.host,
		.playbooks = &playbooks,
		.inbox = listening->inbox,
		.ready = on_ready,
		.alive = on_alive,
		.told = on_told,
		.arg = &runs,
	};

	if (firn_policy_open(&policy, listening->policy, err) < 0 ||
	    firn_playbooks_open(&playbooks, listening->playbooks, err) < 0 ||
	    firn_scene_host(&scene, &listening->common, err) < 0)
		return -1;
	runner.policy = policy;
	runner.stop_fd = stop_fd(err);
	return runner.stop_fd < 0 ? -1 : firn_runner(&runner, err);
}

static void
be_runner(void *arg, int notify_fd)
{
	const struct listening *listening = arg;
	struct firn_err err = { 0 };
	enum firn_exit status = FIRN_EXIT_OK;

	prctl(PR_SET_NAME, "firn-runner");
	if (work_inbox(listening, notify_fd, &err) < 0)
		status = firn_cmd_failed(listening->self, &listening->common,
					 &err);
	_exit((int)status);
}

/* --- what would be done ---------------------------------------------------
 */

static void
show_plan(FILE *out, const json_t *plan)
{
	fputs("would take alerts in and work them\n", out);
	firn_show_list(out, "listens on", json_object_get(plan, "receives"));
	firn_show_list(out, "from", json_object_get(plan, "sources"));
	firn_show_list(out, "playbook", json_object_get(plan, "playbooks"));
}

static json_t *
plan_of(const struct firn_policy *policy,
	const struct firn_playbooks *playbooks,
	const struct listening *listening)
{
	const struct firn_listening *where = firn_policy_listening(policy);
	json_t *receives = json_array(), *names = json_array();
	json_t *sources = json_array();
	const struct firn_source *items;
	size_t n;

	items = firn_policy_sources(policy, &n);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(sources, json_string(items[i].name));
	for (size_t i = 0; !listening->run_only && i < where->n_addresses; i++)
		json_array_append_new(receives,
				      json_string(where->addresses[i]));
	if (!listening->run_only && where->unix_path != NULL)
		json_array_append_new(receives, json_string(where->unix_path));
	for (size_t i = 0; !listening->receive_only && i < playbooks->n; i++)
		json_array_append_new(names,
				      json_string(playbooks->items[i]->name));
	return json_pack("{s:o, s:o, s:o}", "receives", receives, "sources",
			 sources, "playbooks", names);
}

/* -------------------------------------------------------------------------- */

static bool
has_sockets(const struct firn_policy *policy)
{
	const struct firn_listening *where = firn_policy_listening(policy);

	return where->n_addresses > 0 || where->unix_path != NULL ||
	       getenv("LISTEN_FDS") != NULL;
}

/* Only so that what is wrong is said before anything runs. */
static int
check(void *arg, struct firn_err *err)
{
	const struct listening *listening = arg;
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	autodone(firn_playbooks_close) struct firn_playbooks playbooks = { 0 };

	if (firn_policy_open(&policy, listening->policy, err) < 0)
		return -1;
	return firn_playbooks_open(&playbooks, listening->playbooks, err);
}

static int
keep_running(struct listening *listening, const struct firn_policy *policy,
	     struct firn_err *err)
{
	const struct firn_parts_owner owner = {
		.say = say,
		.check = check,
		.arg = listening,
	};
	struct firn_part parts[2] = { 0 };
	size_t n = 0;

	if (!listening->run_only &&
	    (listening->receive_only || has_sockets(policy)))
		parts[n++] = (struct firn_part){ .name = "the receiver",
						 .run = be_receiver,
						 .arg = listening };
	else if (!listening->run_only)
		say("the policy names nothing to listen on (listen:): only "
		    "what `firn alert` brings is worked",
		    listening);
	if (!listening->receive_only)
		parts[n++] = (struct firn_part){ .name = "the runner",
						 .run = be_runner,
						 .arg = listening };
	return firn_parts_run(parts, n, &owner, err);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct listening listening = { .self = self, .pid = getpid() };
	const struct firn_opt opts[] = {
		{ 0, "policy", "FILE", "instead of " FIRN_POLICY_PATH,
		  .string = &listening.policy },
		{ 0, "playbooks", "DIR", "instead of " FIRN_PLAYBOOKS,
		  .string = &listening.playbooks },
		{ 0, "inbox", "DIR", "instead of " FIRN_INBOX,
		  .string = &listening.inbox },
		{ 0, "receive-only", NULL, "take alerts in, and act on none",
		  .flag = &listening.receive_only },
		{ 0, "run-only", NULL, "work the inbox, and take nothing in",
		  .flag = &listening.run_only },
		FIRN_COMMON_OPTIONS(listening.common),
		{ 0 },
	};
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	autodone(firn_playbooks_close) struct firn_playbooks playbooks = { 0 };
	autojson json_t *plan = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &listening.common, &argc, argv, 0, 0,
			    &status))
		return status;
	if (listening.receive_only && listening.run_only)
		return firn_cmd_usage(self, "--receive-only and --run-only "
					    "leave nothing to do");
	if (firn_policy_open(&policy, listening.policy, &err) < 0 ||
	    firn_playbooks_open(&playbooks, listening.playbooks, &err) < 0)
		return firn_cmd_failed(self, &listening.common, &err);
	if (listening.common.dry_run) {
		plan = plan_of(policy, &playbooks, &listening);
		return firn_cmd_result(self, &listening.common, plan, show_plan,
				       FIRN_EXIT_OK);
	}
	if (keep_running(&listening, policy, &err) < 0)
		return firn_cmd_failed(self, &listening.common, &err);
	return FIRN_EXIT_OK;
}

const struct firn_cmd firn_cmd_listen = {
	.name = "listen",
	.operands = "",
	.summary = "take alerts in, and act on them as the policy says",
	.more = "Alerts come over HTTPS and a unix socket, from the sources "
		"that the policy names,\ninto the inbox; a program without "
		"privileges takes them in. SIGHUP reads policy,\nplaybooks and "
		"credentials anew; SIGTERM ends it, and leaves cases that are "
		"worked\nto their own processes.\n\n"
		"Examples:\n"
		"  firn listen\n"
		"  firn listen --dry-run\n"
		"  firn listen --run-only --json\n",
	.run = run,
};
