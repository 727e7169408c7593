/* Freezing and thawing real tasks, on v2, on v1's freezer, and on both. */

#include "contain/cage.h"
#include "contain/scan_double.h"

#include <limits.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "base/json.h"
#include "contain/ledger/ledger_file.h"
#include "firn/freeze.h"
#include "firn/ledger.h"

static struct cage cage;
static struct firn_ledger *ledger;
static char folder[64];
static int dir_fd = -1;
static json_t *result;
static struct firn_err err;

/* Each test of a loop runs on CAGE_V2, CAGE_V1 and CAGE_BOTH. */
static unsigned
kinds_of(int i)
{
	return (unsigned)i;
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/firn-freeze-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = (struct firn_err){ 0 };
	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err));
}

static void
teardown(void)
{
	if (cage.shared != NULL)
		cage_remove(&cage);
	json_decref(result);
	result = NULL;
	firn_ledger_close(&ledger);
	unlinkat(dir_fd, "cage.jsonl", 0);
	close(dir_fd);
	rmdir(folder);
}

static int
freeze_for(unsigned timeout_ms)
{
	const struct firn_freezing how = { .timeout_ms = timeout_ms };

	json_decref(result);
	result = NULL;
	return firn_freeze(&cage.target, ledger, &how, &result, &err);
}

static int
freeze_now(void)
{
	return freeze_for(FIRN_FREEZE_TIMEOUT_MS);
}

static int
thaw_now(bool force)
{
	json_decref(result);
	result = NULL;
	return firn_thaw(&cage.target, ledger, force, &result, &err);
}

static const char *
said(const char *key)
{
	const char *text = firn_json_string(result, key, NULL);

	return text != NULL ? text : "(nothing)";
}

static json_int_t
number(const char *key)
{
	return json_integer_value(json_object_get(result, key));
}

static size_t
n_open(void)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, NULL);

	return json_array_size(open);
}

static void
is_asked_everywhere(const char *sub, bool expected)
{
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			ck_assert_int_eq(cage_is_asked(&cage, kind, sub),
					 expected);
}

static void
is_frozen_whole(void)
{
	autofree char *text = json_dumps(result, JSON_INDENT(1));

	ck_assert_msg(strcmp(said("state"), "frozen") == 0, "%s", text);
	ck_assert(firn_is_frozen(&cage.target));
}

START_TEST(a_frozen_task_stands_and_a_thawed_one_runs)
{
	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	ck_assert(!firn_is_frozen(&cage.target));

	ck_ok(freeze_now());
	is_frozen_whole();
	ck_assert(cage_stands(&cage, 0));
	ck_assert(json_is_null(json_object_get(result, "already")));
	ck_assert_int_eq(number("processes"), 1);
	ck_assert_int_eq(number("threads"), 1);
	ck_assert_uint_eq(json_array_size(
				  json_object_get(result, "hierarchies")),
			  cage.kinds == CAGE_BOTH ? 2 : 1);
	ck_assert_ptr_null(json_object_get(result, "unfrozen"));
	ck_assert_uint_eq(n_open(), 1);

	ck_ok(thaw_now(false));
	ck_assert_str_eq(said("state"), "running");
	ck_assert(json_is_true(json_object_get(result, "thawed")));
	ck_assert(cage_runs(&cage, 0));
	is_asked_everywhere("", false);
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(the_ledger_tells_each_step_and_how_it_was_before)
{
	static const char *const phases[] = { "asked", "made", "confirmed",
					      "undone" };
	const json_t *lines;

	cage_make(&cage, CAGE_BOTH);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	ck_ok(freeze_now());
	ck_ok(thaw_now(false));
	lines = firn_ledger_lines(ledger);
	ck_assert_uint_eq(json_array_size(lines), 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(firn_json_string(json_array_get(lines, i),
						  "phase", NULL),
				 phases[i]);
	ck_assert_str_eq(firn_json_string(json_array_get(lines, 0), "details",
					  "v1", "path", NULL),
			 cage.name);
	ck_assert(
		json_is_false(firn_json_at(json_array_get(lines, 0), "details",
					   "v2", "before", "own", NULL)));
}
END_TEST

START_TEST(freezing_twice_is_not_an_error_and_one_thaw_undoes_both)
{
	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	ck_ok(freeze_now());
	ck_ok(freeze_now());
	is_frozen_whole();
	ck_assert_str_eq(said("already"), "firn");
	ck_ok(thaw_now(false));
	ck_assert_str_eq(said("state"), "running");
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(thawing_what_is_not_frozen_is_not_an_error)
{
	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	ck_ok(thaw_now(false));
	ck_assert_str_eq(said("state"), "running");
	ck_assert(json_is_false(json_object_get(result, "thawed")));
	ck_assert_uint_eq(json_array_size(firn_ledger_lines(ledger)), 0);
}
END_TEST

START_TEST(what_another_froze_is_thawed_by_force_only)
{
	unsigned paused = _i == CAGE_V2 ? CAGE_V2 : CAGE_V1;

	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	cage_ask(&cage, paused, "", true);
	ck_fails(thaw_now(false), EPERM);
	ck_assert(cage_is_asked(&cage, paused, ""));
	ck_assert(cage_stands(&cage, 0));

	ck_ok(thaw_now(true));
	ck_assert_str_eq(said("state"), "running");
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_eq(n_open(), 0);
	ck_assert_uint_gt(json_array_size(firn_ledger_lines(ledger)), 0);
}
END_TEST

START_TEST(a_paused_container_is_frozen_and_stays_paused_after_the_thaw)
{
	unsigned paused = _i == CAGE_V2 ? CAGE_V2 : CAGE_V1;

	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	cage_ask(&cage, paused, "", true);
	ck_ok(freeze_now());
	is_frozen_whole();
	ck_assert_str_eq(said("already"), "runtime");
	/* v2's request holds even if the runtime resumes its v1. */
	if (_i == CAGE_BOTH) {
		cage_ask(&cage, CAGE_V1, "", false);
		ck_assert(cage_stands(&cage, 0));
		cage_ask(&cage, CAGE_V1, "", true);
		ck_ok(thaw_now(false));
		ck_assert_str_eq(said("state"), "frozen");
		ck_assert_str_eq(said("by"), "runtime");
	} else {
		ck_fails(thaw_now(false), EPERM);
	}
	ck_assert(cage_is_asked(&cage, paused, ""));
	ck_assert_uint_eq(n_open(), 0);
	ck_assert(cage_stands(&cage, 0));
}
END_TEST

START_TEST(a_container_below_a_frozen_cgroup_is_frozen_by_itself_too)
{
	cage_make(&cage, kinds_of(_i));
	cage_nest(&cage, "/inner");
	cage_run(&cage, "/inner", cage_beat_0);
	cage_target(&cage, "/inner");
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			cage_ask(&cage, kind, "", true);
	while (!firn_is_frozen(&cage.target))
		usleep(1000);
	ck_fails(thaw_now(false), EPERM);

	ck_ok(freeze_now());
	is_frozen_whole();
	ck_assert_str_eq(said("already"), "parent");
	is_asked_everywhere("/inner", true);

	ck_ok(thaw_now(false));
	ck_assert_str_eq(said("state"), "frozen");
	ck_assert_str_eq(said("by"), "parent");
	is_asked_everywhere("/inner", false);
	is_asked_everywhere("", true);
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(nested_cgroups_freeze_and_one_that_was_frozen_stays_so)
{
	cage_make(&cage, kinds_of(_i));
	cage_nest(&cage, "/a");
	cage_nest(&cage, "/a/b");
	cage_run(&cage, "/a", cage_beat_0);
	cage_run(&cage, "/a/b", cage_beat_1);
	cage_target(&cage, "");
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			cage_ask(&cage, kind, "/a/b", true);
	ck_assert(cage_stands(&cage, 1));

	ck_ok(freeze_now());
	is_frozen_whole();
	ck_assert_int_eq(number("processes"), 2);
	ck_assert(cage_stands(&cage, 0));

	ck_ok(thaw_now(false));
	ck_assert_str_eq(said("state"), "running");
	ck_assert(cage_runs(&cage, 0));
	ck_assert(cage_stands(&cage, 1));
	is_asked_everywhere("/a/b", true);
}
END_TEST

static void
bomb(struct cage *of)
{
	(void)of;
	signal(SIGCHLD, SIG_IGN);
	for (unsigned k = 0; k < 200000; k++)
		if (fork() < 0)
			usleep(100);
	_exit(0);
}

static unsigned long
read_number(const char *path)
{
	autofree char *text = NULL;

	ck_ok(firn_read_at(AT_FDCWD, path, 4096, &text, NULL, &err));
	return strtoul(text, NULL, 10);
}

static void
write_path(const char *path, const char *text)
{
	ck_ok(firn_write_at(AT_FDCWD, path, text, &err));
}

/* Where v1's pids controller is, or NULL. */
static const char *
pids_mount(void)
{
	static const char *const places[] = { "/sys/fs/cgroup/pids" };

	return access(places[0], F_OK) == 0 ? places[0] : NULL;
}

static char bomb_folder[PATH_MAX];

static void
bomb_in_pids(struct cage *of)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", bomb_folder);
	write_path(path, "0");
	bomb(of);
}

START_TEST(a_fork_bomb_stops_and_nothing_new_appears)
{
	char limit[PATH_MAX + 16], current[PATH_MAX + 16];
	unsigned long n;

	if (pids_mount() == NULL)
		return;
	cage_make(&cage, kinds_of(_i));
	snprintf(bomb_folder, sizeof(bomb_folder), "%s%s", pids_mount(),
		 cage.name);
	snprintf(limit, sizeof(limit), "%s/pids.max", bomb_folder);
	snprintf(current, sizeof(current), "%s/pids.current", bomb_folder);
	ck_assert_int_eq(mkdir(bomb_folder, 0755), 0);
	write_path(limit, "300");
	cage_target(&cage, "");
	cage_run(&cage, "", bomb_in_pids);
	for (unsigned k = 0; k < 3000 && read_number(current) < 300; k++)
		usleep(1000);

	ck_ok(freeze_now());
	is_frozen_whole();
	n = read_number(current);
	ck_assert_uint_gt(n, 250);
	usleep(200000);
	ck_assert_uint_eq(read_number(current), n);
	ck_assert_int_gt(number("processes"), 250);

	cage_remove(&cage);
	cage.shared = NULL;
	cage_clear(bomb_folder, CAGE_REMOVE);
	ck_assert_int_eq(access(bomb_folder, F_OK), -1);
}
END_TEST

static void
vfork_loop(struct cage *of)
{
	for (unsigned k = 0; k < 10000000; k++) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
		of->shared->beats[0]++;
	}
}

START_TEST(a_loop_of_vforks_freezes_every_time)
{
	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", vfork_loop);
	cage_target(&cage, "");
	for (unsigned k = 0; k < 50; k++) {
		ck_ok(freeze_now());
		is_frozen_whole();
		ck_assert_uint_gt(
			json_array_size(json_object_get(result, "hierarchies")),
			0);
		ck_ok(thaw_now(false));
		ck_assert(cage_runs(&cage, 0));
	}
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
	of->shared->beats[1] = WIFSTOPPED(status);
	cage_beat(of, 0);
}

START_TEST(a_task_in_a_ptrace_stop_counts_as_frozen)
{
	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", trace);
	cage_target(&cage, "");
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_eq(cage.shared->beats[1], 1);
	ck_ok(freeze_now());
	is_frozen_whole();
	ck_assert_int_eq(number("processes"), 2);
	ck_ok(thaw_now(false));
	ck_assert(cage_runs(&cage, 0));
}
END_TEST

static void *
beat_1(void *of)
{
	((struct cage *)of)->shared->beats[2] = (uint64_t)syscall(SYS_gettid);
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

START_TEST(a_thread_in_a_threaded_cgroup_freezes)
{
	char tid[24];

	cage_make(&cage, CAGE_V2);
	cage_nest(&cage, "/t");
	cage_write(&cage, CAGE_V2, "/t", "cgroup.type", "threaded");
	cage_run(&cage, "", two_threads);
	cage_target(&cage, "");
	ck_assert(cage_runs(&cage, 1));
	snprintf(tid, sizeof(tid), "%llu",
		 (unsigned long long)cage.shared->beats[2]);
	cage_write(&cage, CAGE_V2, "/t", "cgroup.threads", tid);
	ck_assert(cage_runs(&cage, 1));

	ck_ok(freeze_now());
	is_frozen_whole();
	ck_assert_int_eq(number("processes"), 1);
	ck_assert_int_eq(number("threads"), 2);
	ck_assert(cage_stands(&cage, 0) && cage_stands(&cage, 1));
	ck_ok(thaw_now(false));
	ck_assert(cage_runs(&cage, 0) && cage_runs(&cage, 1));
}
END_TEST

START_TEST(a_thread_that_left_the_v1_cgroup_is_named)
{
	autofree char *state = NULL;
	char tid[24], tasks[PATH_MAX];
	json_t *thread;

	cage_make(&cage, CAGE_V1);
	cage_run(&cage, "", two_threads);
	cage_target(&cage, "");
	ck_assert(cage_runs(&cage, 1));
	snprintf(tid, sizeof(tid), "%llu",
		 (unsigned long long)cage.shared->beats[2]);
	snprintf(tasks, sizeof(tasks), "%.4000s/tasks", cage.mounts.freezer);
	write_path(tasks, tid);

	ck_ok(freeze_now());
	state = cage_read(&cage, CAGE_V1, "", "freezer.state");
	ck_assert_str_eq(state, "FROZEN\n"); /* and it's not true */
	ck_assert_str_eq(said("state"), "partial");
	ck_assert_uint_eq(json_array_size(json_object_get(result, "unfrozen")),
			  1);
	thread = json_array_get(json_object_get(result, "unfrozen"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(thread, "tid")),
			 (json_int_t)cage.shared->beats[2]);
	ck_assert(json_is_true(json_object_get(thread, "ran")));
	ck_ok(thaw_now(false));
}
END_TEST

START_TEST(a_cgroup_that_is_another_one_is_refused)
{
	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	cage.target.v2.inode++;
	cage.target.freezer.inode++;
	ck_fails(freeze_now(), ESTALE);
	ck_fails(thaw_now(true), ESTALE);
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_eq(json_array_size(firn_ledger_lines(ledger)), 0);
}
END_TEST

START_TEST(the_root_and_what_is_no_cgroup_are_refused)
{
	int good;

	cage_make(&cage, kinds_of(_i));
	cage_target(&cage, "");
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++) {
		struct firn_cgroup *cgroup = kind == CAGE_V2
						     ? &cage.target.v2
						     : &cage.target.freezer;
		uint64_t good_inode = cgroup->inode;
		struct stat st;

		if ((cage.kinds & kind) == 0)
			continue;
		memcpy(cgroup->path, "/", 2);
		ck_fails(freeze_now(), EPERM);
		memcpy(cgroup->path, "", 1);
		ck_fails(freeze_now(), EPERM);
		memcpy(cgroup->path, "/x", 3);
		good = cgroup->dir_fd;
		ck_assert_int_eq(fstat(dir_fd, &st), 0);
		cgroup->dir_fd = dir_fd;
		cgroup->inode = st.st_ino;
		ck_fails(freeze_now(), EPERM);
		cgroup->dir_fd = good;
		cgroup->inode = good_inode;
	}
	is_asked_everywhere("", false);
	ck_assert_uint_eq(json_array_size(firn_ledger_lines(ledger)), 0);
}
END_TEST

START_TEST(who_is_outside_the_cgroup_or_strange_in_it_is_reported)
{
	json_t *one;

	cage_make(&cage, CAGE_V2);
	cage_target(&cage, "");
	scan_found[0] = (struct firn_member){
		.pid = 41,
		.start_ticks = 9,
		.membership = FIRN_IN_PIDNS | FIRN_ON_ROOTFS,
		.escaped = true,
	};
	scan_found[1] = (struct firn_member){ .pid = 42,
					      .membership = FIRN_IN_CGROUP,
					      .foreign = true };
	scan_found[2] = (struct firn_member){ .pid = 43 };
	scan_n = 3;
	ck_ok(freeze_now());
	ck_assert_uint_eq(json_array_size(json_object_get(result, "escaped")),
			  1);
	ck_assert_uint_eq(json_array_size(json_object_get(result, "foreign")),
			  1);
	one = json_array_get(json_object_get(result, "escaped"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(one, "pid")), 41);
	/* There is no such process, so none that would run on. */
	ck_assert(json_is_true(json_object_get(one, "stopped")));
	ck_assert_uint_eq(json_array_size(json_object_get(one, "membership")),
			  2);

	scan_fails = ESRCH;
	ck_ok(freeze_now());
	ck_assert_ptr_null(json_object_get(result, "escaped"));
	ck_assert_str_eq(said("members_error"), "scan: no");
}
END_TEST

static void
freeze_own(struct cage *of)
{
	ck_fails(freeze_now(), EPERM);
	of->shared->beats[0] = 1;
}

START_TEST(a_cgroup_that_holds_firn_is_refused)
{
	pid_t pid;
	int status;

	cage_make(&cage, kinds_of(_i));
	cage_nest(&cage, "/below");
	cage_target(&cage, "");
	pid = cage_run(&cage, "/below", freeze_own);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_uint_eq(cage.shared->beats[0], 1);
	is_asked_everywhere("", false);
	is_asked_everywhere("/below", false);
}
END_TEST

START_TEST(a_target_without_any_freezer_says_so)
{
	cage_make(&cage, CAGE_V2);
	cage_target(&cage, "");
	cage_let_go(&cage.target.v2);
	ck_fails(freeze_now(), ENOTSUP);
}
END_TEST

START_TEST(a_container_that_went_while_it_was_frozen_closes_the_ledger)
{
	char path[PATH_MAX];

	cage_make(&cage, kinds_of(_i));
	cage_target(&cage, "");
	ck_ok(freeze_now());
	ck_assert_uint_eq(n_open(), 1);
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++) {
		cage_folder(&cage, kind, "", path);
		if ((cage.kinds & kind) != 0)
			ck_assert_int_eq(rmdir(path), 0);
	}
	ck_ok(thaw_now(false));
	ck_assert_str_eq(said("state"), "gone");
	ck_assert_uint_eq(n_open(), 0);
	ck_fails(freeze_now(), ESRCH);
}
END_TEST

START_TEST(the_ledger_alone_is_enough_to_thaw)
{
	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	ck_ok(freeze_now());
	firn_ledger_close(&ledger);
	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err));
	json_decref(result);
	ck_ok(firn_thaw_recorded(&cage.host, ledger, &result, &err));
	ck_assert_str_eq(said("state"), "running");
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(another_cgroup_of_the_same_name_is_left_alone)
{
	char path[PATH_MAX];

	cage_make(&cage, kinds_of(_i));
	cage_target(&cage, "");
	ck_ok(freeze_now());
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++) {
		cage_folder(&cage, kind, "", path);
		if ((cage.kinds & kind) != 0)
			ck_assert_int_eq(rmdir(path), 0);
	}
	cage_nest(&cage, "");
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			cage_ask(&cage, kind, "", true);
	json_decref(result);
	ck_ok(firn_thaw_recorded(&cage.host, ledger, &result, &err));
	ck_assert_str_eq(said("state"), "gone");
	is_asked_everywhere("", true);
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(a_freeze_that_was_undone_behind_our_back_can_be_made_again)
{
	cage_make(&cage, kinds_of(_i));
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	ck_ok(freeze_now());
	for (unsigned kind = CAGE_V1; kind >= CAGE_V2; kind--)
		if ((cage.kinds & kind) != 0)
			cage_ask(&cage, kind, "", false);
	ck_assert(cage_runs(&cage, 0));
	ck_assert(!firn_is_frozen(&cage.target));
	ck_ok(freeze_now());
	is_frozen_whole();
	ck_ok(thaw_now(false));
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

int
main(void)
{
	Suite *suite;
	TCase *tests;
	static const TTest *const *const on_each[] = {
		&a_frozen_task_stands_and_a_thawed_one_runs,
		&freezing_twice_is_not_an_error_and_one_thaw_undoes_both,
		&thawing_what_is_not_frozen_is_not_an_error,
		&what_another_froze_is_thawed_by_force_only,
		&a_paused_container_is_frozen_and_stays_paused_after_the_thaw,
		&a_container_below_a_frozen_cgroup_is_frozen_by_itself_too,
		&nested_cgroups_freeze_and_one_that_was_frozen_stays_so,
		&a_fork_bomb_stops_and_nothing_new_appears,
		&a_loop_of_vforks_freezes_every_time,
		&a_task_in_a_ptrace_stop_counts_as_frozen,
		&a_cgroup_that_is_another_one_is_refused,
		&the_root_and_what_is_no_cgroup_are_refused,
		&a_cgroup_that_holds_firn_is_refused,
		&a_container_that_went_while_it_was_frozen_closes_the_ledger,
		&the_ledger_alone_is_enough_to_thaw,
		&another_cgroup_of_the_same_name_is_left_alone,
		&a_freeze_that_was_undone_behind_our_back_can_be_made_again,
	};

	if (!cage_can(CAGE_BOTH)) {
		puts("skipped: needs root, cgroup v2 and v1's freezer");
		return 77;
	}
	suite = suite_create("freeze");
	tests = tcase_create("freeze");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	for (size_t i = 0; i < sizeof(on_each) / sizeof(on_each[0]); i++)
		tcase_add_loop_test(tests, *on_each[i], CAGE_V2, CAGE_BOTH + 1);
	tcase_add_test(tests, the_ledger_tells_each_step_and_how_it_was_before);
	tcase_add_test(tests, a_thread_in_a_threaded_cgroup_freezes);
	tcase_add_test(tests, a_thread_that_left_the_v1_cgroup_is_named);
	tcase_add_test(tests,
		       who_is_outside_the_cgroup_or_strange_in_it_is_reported);
	tcase_add_test(tests, a_target_without_any_freezer_says_so);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
