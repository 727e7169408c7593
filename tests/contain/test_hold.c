/* A freeze that the platform can't undo, on v2, on v1's freezer, on both. */

#include "contain/cage.h"
#include "contain/scan_double.h"

#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "base/json.h"
#include "contain/freeze/hold.h"
#include "contain/ledger/ledger_file.h"
#include "firn/freeze.h"

static struct cage cage;
static struct firn_ledger *ledger;
static char folder[64];
static int dir_fd = -1;
static json_t *result;
static struct firn_err err;

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/firn-hold-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

static void
hold_now(void)
{
	const struct firn_freezing how = { .timeout_ms = FIRN_FREEZE_TIMEOUT_MS,
					   .hold = true };

	json_decref(result);
	result = NULL;
	ck_ok(firn_freeze(&cage.target, ledger, &how, &result, &err));
}

static void
thaw_now(void)
{
	json_decref(result);
	result = NULL;
	ck_ok(firn_thaw(&cage.target, ledger, false, &result, &err));
}

static json_t *
held(const char *key)
{
	json_t *value = firn_json_at(result, "held", key, NULL);

	ck_assert_ptr_nonnull(value);
	return value;
}

/* As docker unpause, runc resume and a CRI do it. */
static void
platform_thaws(const char *sub)
{
	for (unsigned kind = CAGE_V1; kind >= CAGE_V2; kind--)
		if ((cage.kinds & kind) != 0)
			cage_ask(&cage, kind, sub, false);
}

static char *
place_of(pid_t pid, pid_t tid)
{
	char path[64];
	char *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/cgroup", pid, tid);
	ck_ok(firn_read_at(AT_FDCWD, path, 1 << 20, &text, NULL, &err));
	return text;
}

static size_t
n_open(void)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, NULL);

	return json_array_size(open);
}

static void
has_children(unsigned kind, const char *sub, size_t expected)
{
	char path[PATH_MAX];
	autodir DIR *dir = NULL;
	struct dirent *entry;
	size_t n = 0;

	cage_folder(&cage, kind, sub, path);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_type == DT_DIR && entry->d_name[0] != '.';
	ck_assert_uint_eq(n, expected);
}

START_TEST(what_is_held_stands_whatever_is_written_to_its_own_files)
{
	autofree char *before = NULL, *after = NULL;
	pid_t pid;

	cage_make(&cage, (unsigned)_i);
	pid = cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	before = place_of(pid, pid);
	hold_now();
	ck_assert_int_eq(json_integer_value(held("processes")), 1);
	ck_assert_uint_eq(json_array_size(held("not_held")), 0);
	ck_assert_int_eq(json_is_true(held("v2")), (cage.kinds & CAGE_V2) != 0);
	ck_assert_int_eq(json_is_true(held("v1")), (cage.kinds & CAGE_V1) != 0);
	ck_assert_uint_eq(n_open(), 2);
	platform_thaws("");
	ck_assert(cage_stands(&cage, 0));
	ck_assert(firn_is_frozen(&cage.target));
	ck_assert(firn_hold_stands(&cage.target));

	thaw_now();
	ck_assert_str_eq(firn_json_string(result, "state", NULL), "running");
	ck_assert(cage_runs(&cage, 0));
	after = place_of(pid, pid);
	ck_assert_str_eq(after, before);
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			has_children(kind, "", 0);
	ck_assert_uint_eq(n_open(), 0);
	ck_assert(!firn_is_frozen(&cage.target));
}
END_TEST

START_TEST(nothing_runs_while_it_is_let_go)
{
	uint64_t beats;

	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	/* A pause of another's, which outlasts our thaw. */
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			cage_ask(&cage, kind, "", true);
	ck_assert(cage_stands(&cage, 0));
	beats = cage.shared->beats[0];
	hold_now();
	thaw_now();
	ck_assert_str_eq(firn_json_string(result, "state", NULL), "frozen");
	ck_assert_str_eq(firn_json_string(result, "by", NULL), "runtime");
	ck_assert_uint_eq(cage.shared->beats[0], beats);
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(groups_of_the_containers_own_are_held_where_they_are)
{
	autofree char *before = NULL, *after = NULL;
	pid_t pid;

	cage_make(&cage, (unsigned)_i);
	cage_nest(&cage, "/a");
	cage_nest(&cage, "/a/b");
	cage_run(&cage, "/a", cage_beat_0);
	pid = cage_run(&cage, "/a/b", cage_beat_1);
	cage_target(&cage, "");
	before = place_of(pid, pid);
	hold_now();
	ck_assert_int_eq(json_integer_value(held("processes")), 2);
	/* Another runtime's within, thawed by its file as well. */
	platform_thaws("");
	platform_thaws("/a");
	platform_thaws("/a/b");
	ck_assert(cage_stands(&cage, 0) && cage_stands(&cage, 1));
	thaw_now();
	ck_assert(cage_runs(&cage, 0) && cage_runs(&cage, 1));
	after = place_of(pid, pid);
	ck_assert_str_eq(after, before);
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(a_group_that_gave_its_controllers_away_is_held_too)
{
	cage_make(&cage, CAGE_V2);
	cage_nest(&cage, "/in");
	cage_run(&cage, "/in", cage_beat_0);
	cage_target(&cage, "");
	/* A hybrid's v2 may have none to give; pure v2 has them all. */
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0)
		cage_write(&cage, CAGE_V2, "", "cgroup.subtree_control",
			   "+pids");
	hold_now();
	ck_assert_int_eq(json_integer_value(held("processes")), 1);
	platform_thaws("");
	platform_thaws("/in");
	ck_assert(cage_stands(&cage, 0));
	thaw_now();
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

static void
move_second(unsigned kind, const char *sub, const char *file)
{
	char tid[24];

	ck_assert(cage_runs(&cage, 1));
	snprintf(tid, sizeof(tid), "%llu",
		 (unsigned long long)cage.shared->beats[2]);
	cage_write(&cage, kind, sub, file, tid);
}

/* Each thread stands while held, and is back where it was after. */
static void
is_held_by_threads(pid_t pid)
{
	pid_t tid = (pid_t)cage.shared->beats[2];
	autofree char *first = place_of(pid, pid), *second = place_of(pid, tid);
	autofree char *first_after = NULL, *second_after = NULL;

	ck_assert_str_ne(first, second);
	hold_now();
	ck_assert_uint_eq(json_array_size(held("not_held")), 0);
	platform_thaws("");
	platform_thaws("/t");
	ck_assert(cage_stands(&cage, 0) && cage_stands(&cage, 1));
	thaw_now();
	ck_assert(cage_runs(&cage, 0) && cage_runs(&cage, 1));
	first_after = place_of(pid, pid);
	second_after = place_of(pid, tid);
	ck_assert_str_eq(first_after, first);
	ck_assert_str_eq(second_after, second);
	ck_assert_uint_eq(n_open(), 0);
}

START_TEST(threads_of_a_threaded_group_go_back_each_to_its_own)
{
	pid_t pid;

	cage_make(&cage, CAGE_V2);
	cage_nest(&cage, "/t");
	cage_write(&cage, CAGE_V2, "/t", "cgroup.type", "threaded");
	pid = cage_run(&cage, "", two_threads);
	cage_target(&cage, "");
	move_second(CAGE_V2, "/t", "cgroup.threads");
	is_held_by_threads(pid);
}
END_TEST

START_TEST(threads_in_two_groups_of_v1_go_back_each_to_its_own)
{
	pid_t pid;

	cage_make(&cage, CAGE_V1);
	cage_nest(&cage, "/t");
	pid = cage_run(&cage, "", two_threads);
	cage_target(&cage, "");
	move_second(CAGE_V1, "/t", "tasks");
	is_held_by_threads(pid);
}
END_TEST

START_TEST(a_group_that_may_have_no_children_is_said_to_be_not_held)
{
	cage_make(&cage, CAGE_V2);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	cage_write(&cage, CAGE_V2, "", "cgroup.max.descendants", "0");
	hold_now();
	ck_assert_uint_eq(json_array_size(held("not_held")), 1);
	ck_assert(json_is_false(held("v2")));
	ck_assert(cage_stands(&cage, 0));
	ck_assert_str_eq(firn_json_string(result, "state", NULL), "frozen");
	thaw_now();
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

static void
leaves_a_zombie(struct cage *of)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	of->shared->beats[3] = (uint64_t)pid;
	cage_beat(of, 0);
}

START_TEST(the_dead_are_no_hindrance)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", leaves_a_zombie);
	cage_target(&cage, "");
	ck_assert(cage_runs(&cage, 0));

	ck_assert_uint_gt(cage.shared->beats[3], 0);
	hold_now();
	ck_assert_uint_eq(json_array_size(held("not_held")), 0);
	platform_thaws("");
	ck_assert(cage_stands(&cage, 0));
	thaw_now();
	ck_assert(cage_runs(&cage, 0));
}
END_TEST

START_TEST(holding_twice_is_one_hold)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	hold_now();
	platform_thaws("");
	/* An exec into what looks as if it ran again. */
	cage_run(&cage, "", cage_beat_1);
	ck_assert(cage_runs(&cage, 1));
	ck_assert(cage_stands(&cage, 0));
	hold_now();
	platform_thaws("");
	ck_assert(cage_stands(&cage, 0) && cage_stands(&cage, 1));
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			has_children(kind, "", 1);
	thaw_now();
	ck_assert(cage_runs(&cage, 0) && cage_runs(&cage, 1));
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(the_ledger_alone_is_enough_to_let_go)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	hold_now();
	firn_ledger_close(&ledger);
	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err));
	json_decref(result);
	result = NULL;
	ck_ok(firn_thaw_recorded(&cage.host, ledger, &result, &err));
	ck_assert_str_eq(firn_json_string(result, "state", NULL), "running");
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(a_held_container_that_is_gone_closes_the_ledger)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	hold_now();
	for (enum cage_step step = CAGE_THAW; step <= CAGE_REMOVE; step++)
		for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++) {
			char path[PATH_MAX];

			cage_folder(&cage, kind, "", path);
			if ((cage.kinds & kind) != 0)
				cage_clear(path, step);
		}
	json_decref(result);
	result = NULL;
	ck_ok(firn_thaw_recorded(&cage.host, ledger, &result, &err));
	ck_assert_str_eq(firn_json_string(result, "state", NULL), "gone");
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(a_folder_that_only_sounds_like_ours_is_left_alone)
{
	pid_t pid;
	autofree char *before = NULL, *after = NULL;

	cage_make(&cage, (unsigned)_i);
	cage_nest(&cage, "/firn-hold-01234567");
	pid = cage_run(&cage, "/firn-hold-01234567", cage_beat_0);
	cage_target(&cage, "");
	before = place_of(pid, pid);
	hold_now();
	ck_assert_int_eq(json_integer_value(held("processes")), 1);
	platform_thaws("");
	platform_thaws("/firn-hold-01234567");
	ck_assert(cage_stands(&cage, 0));
	thaw_now();
	ck_assert(cage_runs(&cage, 0));
	after = place_of(pid, pid);
	ck_assert_str_eq(after, before);
}
END_TEST

int
main(void)
{
	Suite *suite;
	TCase *tests;
	int first = CAGE_V2, end = CAGE_BOTH + 1;

	if (!cage_can(CAGE_V2)) {
		puts("skipped: needs root and cgroup v2");
		return 77;
	}
	if (!cage_can(CAGE_BOTH))
		end = CAGE_V2 + 1;
	suite = suite_create("hold");
	tests = tcase_create("hold");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(
		tests, what_is_held_stands_whatever_is_written_to_its_own_files,
		first, end);
	tcase_add_loop_test(tests, nothing_runs_while_it_is_let_go, first, end);
	tcase_add_loop_test(
		tests, groups_of_the_containers_own_are_held_where_they_are,
		first, end);
	tcase_add_test(tests,
		       a_group_that_gave_its_controllers_away_is_held_too);
	tcase_add_test(tests,
		       threads_of_a_threaded_group_go_back_each_to_its_own);
	if (end > CAGE_V1)
		tcase_add_test(
			tests,
			threads_in_two_groups_of_v1_go_back_each_to_its_own);
	tcase_add_test(
		tests,
		a_group_that_may_have_no_children_is_said_to_be_not_held);
	tcase_add_loop_test(tests, the_dead_are_no_hindrance, first, end);
	tcase_add_loop_test(tests, holding_twice_is_one_hold, first, end);
	tcase_add_loop_test(tests, the_ledger_alone_is_enough_to_let_go, first,
			    end);
	tcase_add_loop_test(tests,
			    a_held_container_that_is_gone_closes_the_ledger,
			    first, end);
	tcase_add_loop_test(tests,
			    a_folder_that_only_sounds_like_ours_is_left_alone,
			    first, end);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
