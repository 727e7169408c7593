/* Tasks that are killed while firn holds them, and everything else that may
 * happen to a held task. */

#include "contain/cage.h"
#include "contain/scan_double.h"

#include <limits.h>
#include <pthread.h>
#include <sys/ptrace.h>

#include "contain/ledger/ledger_file.h"
#include "contain/watch/holder.h"
#include "firn/freeze.h"

static struct cage cage;
static struct firn_holder *holder;
static struct firn_err err;
static const bool never[FIRN_N_HIERARCHIES];

static void
setup(void)
{
	err = (struct firn_err){ 0 };
}

static void
teardown(void)
{
	firn_holder_end(&holder);
	if (cage.shared != NULL)
		cage_remove(&cage);
}

static void
ask_all(bool freeze)
{
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			cage_ask(&cage, kind, "", freeze);
}

static void
hold(void)
{
	ck_ok(firn_holder_start(&holder, &cage.target, &err));
	ck_ok(firn_holder_seize(holder, false, &err));
}

/* The freeze as firn makes it: v2, hold, v1. */
static void
freeze_and_hold(void)
{
	if ((cage.kinds & CAGE_V2) != 0)
		cage_ask(&cage, CAGE_V2, "", true);
	hold();
	if ((cage.kinds & CAGE_V1) != 0)
		cage_ask(&cage, CAGE_V1, "", true);
	ck_assert(cage_stands(&cage, 0));
}

static size_t
size_of(pid_t pid, const char *name)
{
	char path[64];
	autofree char *text = NULL;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	if (firn_read_at(AT_FDCWD, path, 1 << 20, &text, &len, &err) < 0)
		return 0;
	return len;
}

static void
is_readable(pid_t pid)
{
	char path[64], link[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	ck_assert_int_gt(readlink(path, link, sizeof(link)), 0);
	ck_assert_uint_gt(size_of(pid, "maps"), 0);
	snprintf(path, sizeof(path), "/proc/%d/fd/1", pid);
	ck_assert_int_gt(readlink(path, link, sizeof(link)), 0);
}

/* What the next event of that kind says; waits up to two seconds for it. */
static struct firn_holder_event
event_of(enum firn_holder_news news)
{
	struct firn_holder_event event = { 0 };

	for (unsigned k = 0; k < 2000; k++) {
		ck_ok(firn_holder_sync(holder, &err));
		while (firn_holder_next(holder, &event))
			if (event.news == news)
				return event;
		usleep(1000);
	}
	ck_abort_msg("no such event");
}

static bool
dies(pid_t pid, int *ret_status)
{
	for (unsigned k = 0; k < 2000; k++) {
		if (waitpid(pid, ret_status, WNOHANG) == pid)
			return true;
		usleep(1000);
	}
	return false;
}

START_TEST(a_killed_task_stays_readable_until_it_is_let_go)
{
	struct firn_holder_event event;
	int status;
	pid_t pid;

	cage_make(&cage, (unsigned)_i);
	pid = cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_hold();
	ck_assert_uint_eq(firn_holder_held(holder), 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	/* v1 puts the kill off until it is thawed. */
	if ((cage.kinds & CAGE_V1) != 0)
		cage_ask(&cage, CAGE_V1, "", false);
	event = event_of(FIRN_HOLDER_KILLED);
	ck_assert_int_eq(event.pid, pid);
	ck_assert_int_eq(event.tid, pid);
	ck_assert_int_eq(event.code, SIGKILL);
	ck_assert_int_eq(strncmp(event.comm, "test_holder", 11), 0);
	is_readable(pid);
	kill(pid, SIGKILL);
	usleep(20000);
	is_readable(pid);
	ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);

	firn_holder_end(&holder);
	ck_assert(dies(pid, &status));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

static void *
beat_1(void *of)
{
	cage_beat(of, 1);
	return NULL;
}

static void
two_threads(struct cage *of)
{
	pthread_t thread;

	pthread_create(&thread, NULL, beat_1, of);
	cage_beat(of, 0);
}

START_TEST(cgroup_kill_leaves_every_thread_readable)
{
	int status;
	pid_t pid;

	cage_make(&cage, CAGE_V2);
	pid = cage_run(&cage, "", two_threads);
	cage_target(&cage, "");
	ck_assert(cage_runs(&cage, 1));
	freeze_and_hold();
	ck_assert_uint_eq(firn_holder_held(holder), 2);
	cage_write(&cage, CAGE_V2, "", "cgroup.kill", "1");
	event_of(FIRN_HOLDER_KILLED);
	event_of(FIRN_HOLDER_KILLED);
	is_readable(pid);
	firn_holder_end(&holder);
	ck_assert(dies(pid, &status));
}
END_TEST

START_TEST(a_kill_completes_when_firn_itself_is_killed)
{
	int status;
	pid_t pid, firn;

	cage_make(&cage, CAGE_V2);
	pid = cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	firn = fork();
	if (firn == 0) {
		freeze_and_hold();
		kill(pid, SIGKILL);
		event_of(FIRN_HOLDER_KILLED);
		cage.shared->beats[7] = 1;
		pause();
	}
	while (cage.shared->beats[7] == 0)
		usleep(1000);
	is_readable(pid);
	kill(firn, SIGKILL);
	ck_assert_int_eq(waitpid(firn, &status, 0), firn);
	ck_assert(WIFSIGNALED(status));
	ck_assert(dies(pid, &status));
}
END_TEST

START_TEST(a_stopped_task_is_held_before_v1_freezes_it)
{
	int status;
	pid_t pid;

	cage_make(&cage, (unsigned)_i);
	pid = cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	freeze_and_hold();
	ck_assert_uint_eq(firn_holder_held(holder), 1);
	/* And it's still stopped after, and can be continued. */
	firn_holder_end(&holder);
	ask_all(false);
	ck_assert(cage_stands(&cage, 0));
	kill(pid, SIGCONT);
	ck_assert(cage_runs(&cage, 0));
}
END_TEST

START_TEST(a_stopped_task_that_v1_has_frozen_is_left_out_and_nothing_hangs)
{
	struct firn_holder_event event;
	int status;
	pid_t pid;

	cage_make(&cage, CAGE_V1);
	pid = cage_run(&cage, "", cage_beat_0);
	cage_run(&cage, "", cage_beat_1);
	cage_target(&cage, "");
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ask_all(true);
	ck_assert(cage_stands(&cage, 1));
	hold();
	ck_assert_uint_eq(firn_holder_held(holder), 1);
	event = event_of(FIRN_HOLDER_NOT_HELD);
	ck_assert_int_eq(event.tid, pid);
	ck_assert_int_eq(event.code, EBUSY);
}
END_TEST

static void
trace(struct cage *of)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	of->shared->beats[1] = (uint64_t)pid;
	cage_beat(of, 0);
}

START_TEST(who_traces_a_task_that_cannot_be_held_is_named)
{
	struct firn_holder_event event;
	pid_t pid;

	cage_make(&cage, CAGE_V2);
	pid = cage_run(&cage, "", trace);
	cage_target(&cage, "");
	ck_assert(cage_runs(&cage, 0));
	freeze_and_hold();
	event = event_of(FIRN_HOLDER_NOT_HELD);
	ck_assert_int_eq(event.tid, (pid_t)cage.shared->beats[1]);
	ck_assert_int_eq(event.code, EPERM);
	ck_assert_int_eq(event.tracer, pid);
	ck_assert_int_eq(strncmp(event.tracer_comm, "test_holder", 11), 0);
}
END_TEST

static struct cage *of_handler;

static void
count(int signal)
{
	(void)signal;
	of_handler->shared->beats[2]++;
}

static void
beat_and_count(struct cage *of)
{
	of_handler = of;
	signal(SIGUSR1, count);
	for (unsigned k = 0; k < 60000 && of->shared->beats[3] == 0; k++) {
		of->shared->beats[0]++;
		usleep(1000);
	}
	_exit(7);
}

START_TEST(a_held_task_that_is_thawed_does_what_it_always_does)
{
	int status;
	pid_t pid;

	cage_make(&cage, CAGE_V2);
	pid = cage_run(&cage, "", beat_and_count);
	cage_target(&cage, "");
	ck_assert(cage_runs(&cage, 0));
	freeze_and_hold();
	ask_all(false);
	ck_assert(cage_runs(&cage, 0));
	kill(pid, SIGUSR1);
	for (unsigned k = 0; k < 2000 && cage.shared->beats[2] == 0; k++)
		usleep(1000);
	ck_assert_uint_eq(cage.shared->beats[2], 1);
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert(cage_stands(&cage, 0));
	kill(pid, SIGCONT);
	ck_assert(cage_runs(&cage, 0));
	cage.shared->beats[3] = 1;
	ck_assert(dies(pid, &status));
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}
END_TEST

START_TEST(who_writes_to_the_freezer_is_named)
{
	struct firn_holder_event event;
	char command[PATH_MAX + 64], path[PATH_MAX];
	unsigned kind = (unsigned)_i;

	cage_make(&cage, kind);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_hold();
	ck_ok(firn_holder_watch(holder, never, UINT64_MAX, &err));
	cage_folder(&cage, kind, "", path);
	/* Not this process, which is firn here. */
	snprintf(command, sizeof(command), "echo %s >%s/%s && sleep 0.2",
		 kind == CAGE_V2 ? "0" : "THAWED", path,
		 kind == CAGE_V2 ? "cgroup.freeze" : "freezer.state");
	ck_assert_int_eq(system(command), 0);
	event = event_of(FIRN_HOLDER_WRITTEN);
	ck_assert_int_eq(event.hierarchy, kind == CAGE_V2 ? FIRN_V2 : FIRN_V1);
	ck_assert(event.thawed && !event.refrozen);
	ck_assert_str_eq(event.comm, "sh");
	ck_assert(cage_runs(&cage, 0));
}
END_TEST

START_TEST(a_freeze_holds_the_tasks_if_it_is_asked_to)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *result = NULL;
	const struct firn_freezing how = { .timeout_ms = 2000,
					   .holder = &holder };
	char folder[] = "/tmp/firn-holder-XXXXXX";
	int dir_fd;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err));
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", two_threads);
	cage_target(&cage, "");
	ck_assert(cage_runs(&cage, 1));
	ck_ok(firn_freeze(&cage.target, ledger, &how, &result, &err));
	ck_assert_int_eq(json_integer_value(json_object_get(
				 json_object_get(result, "tasks_held"),
				 "threads")),
			 2);
	ck_assert_int_gt(firn_holder_pid(holder), 0);
	unlinkat(dir_fd, "cage.jsonl", 0);
	close(dir_fd);
	rmdir(folder);
}
END_TEST

int
main(void)
{
	Suite *suite;
	TCase *tests;
	const int first = CAGE_V2, end = CAGE_BOTH + 1;

	if (!cage_can(CAGE_BOTH)) {
		puts("skipped: needs root, cgroup v2 and v1's freezer");
		return 77;
	}
	suite = suite_create("holder");
	tests = tcase_create("holder");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests,
			    a_killed_task_stays_readable_until_it_is_let_go,
			    first, end);
	tcase_add_test(tests, cgroup_kill_leaves_every_thread_readable);
	tcase_add_test(tests, a_kill_completes_when_firn_itself_is_killed);
	tcase_add_loop_test(tests, a_stopped_task_is_held_before_v1_freezes_it,
			    first, end);
	tcase_add_test(
		tests,
		a_stopped_task_that_v1_has_frozen_is_left_out_and_nothing_hangs);
	tcase_add_test(tests, who_traces_a_task_that_cannot_be_held_is_named);
	tcase_add_test(tests,
		       a_held_task_that_is_thawed_does_what_it_always_does);
	tcase_add_loop_test(tests, who_writes_to_the_freezer_is_named, first,
			    CAGE_V1 + 1);
	tcase_add_loop_test(tests, a_freeze_holds_the_tasks_if_it_is_asked_to,
			    first, end);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
