/* A freeze that is watched, while others write to the cgroup's files. */

#include "contain/cage.h"
#include "contain/scan_double.h"

#include <limits.h>

#include "base/clock.h"
#include "base/json.h"
#include "contain/ledger/ledger_file.h"
#include "contain/watch/freeze_watch.h"
#include "firn/freeze.h"

static struct cage cage;
static struct firn_ledger *ledger;
static struct firn_holder *holder;
static struct firn_watch *watch;
static char folder[64];
static int dir_fd = -1;
static unsigned n_alarms;
static json_t *report;
static struct firn_err err;

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/firn-watch-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err));
}

static void
teardown(void)
{
	firn_watch_end(&watch);
	firn_holder_end(&holder);
	if (cage.shared != NULL)
		cage_remove(&cage);
	json_decref(report);
	report = NULL;
	firn_ledger_close(&ledger);
	unlinkat(dir_fd, "cage.jsonl", 0);
	close(dir_fd);
	rmdir(folder);
}

static void
on_alarm(const char *text, void *arg)
{
	(void)arg;
	ck_assert_int_eq(strncmp(text, "ALARM", 5), 0);
	n_alarms++;
}

static void
freeze_and_watch(bool with_holder, bool refreeze, bool hold)
{
	autojson json_t *result = NULL;
	const struct firn_freezing how = {
		.timeout_ms = 2000,
		.hold = hold,
		.holder = with_holder ? &holder : NULL,
	};
	struct firn_watching watching = { .holds_tasks = with_holder,
					  .refreeze = refreeze,
					  .alarm = on_alarm };

	n_alarms = 0;
	ck_ok(firn_freeze(&cage.target, ledger, &how, &result, &err));
	ck_assert_str_eq(firn_json_string(result, "state", NULL), "frozen");
	watching.holder = holder;
	ck_ok(firn_watch_start(&watch, &cage.target, ledger, &watching, &err));
	ck_assert(firn_watch_look(watch));
}

/* Another process, not firn's. */
static void
others_write(unsigned kind, bool freeze)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		cage_ask(&cage, kind, "", freeze);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
others_write_all(bool freeze)
{
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			others_write(kind, freeze);
}

static const json_t *
thaw(size_t i)
{
	return json_array_get(json_object_get(report, "thawed_meanwhile"), i);
}

static size_t
n_thaws(void)
{
	json_decref(report);
	report = firn_watch_report(watch);
	ck_assert_ptr_nonnull(report);
	return json_array_size(json_object_get(report, "thawed_meanwhile"));
}

static json_int_t
cpu(const char *when)
{
	const json_t *us = firn_json_at(report, "cpu_us", when, NULL);

	ck_assert_ptr_nonnull(us);
	return json_integer_value(us);
}

START_TEST(what_nobody_thaws_gets_no_processor_time)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_watch(true, true, false);
	usleep(50000);
	ck_assert(firn_watch_look(watch));
	ck_assert_uint_eq(n_thaws(), 0);
	ck_assert_int_gt(cpu("before"), 0);
	ck_assert_int_eq(cpu("before"), cpu("after"));
	ck_assert_ptr_null(json_object_get(report, "unwatched"));
	ck_assert_uint_eq(n_alarms, 0);
}
END_TEST

static bool
is_frozen_again(void)
{
	for (unsigned k = 0; k < 1000; k++) {
		if (cage_stands(&cage, 0))
			return true;
		usleep(1000);
	}
	return false;
}

START_TEST(a_thaw_is_an_alarm_and_is_undone)
{
	const unsigned kinds = (unsigned)_i;

	cage_make(&cage, kinds);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_watch(true, true, false);
	others_write_all(false);
	/* The holder alone does it, before anybody looks. */
	ck_assert(is_frozen_again());
	firn_watch_look(watch);
	ck_assert_uint_ge(n_alarms, 1);
	ck_assert_uint_eq(n_thaws(), kinds == CAGE_BOTH ? 2 : 1);
	ck_assert(json_is_true(json_object_get(thaw(0), "refrozen")));
	ck_assert_ptr_nonnull(firn_json_at(thaw(0), "by", "pid", NULL));
	ck_assert(firn_is_frozen(&cage.target));
	ck_assert_str_eq(
		firn_json_string(
			json_array_get(
				firn_ledger_lines(ledger),
				json_array_size(firn_ledger_lines(ledger)) - 1),
			"details", "refrozen", NULL) != NULL
			? "refrozen"
			: "nothing",
		"refrozen");
}
END_TEST

START_TEST(a_thaw_that_lasts_marks_all_that_follows)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_watch(true, false, false);
	others_write_all(false);
	ck_assert(cage_runs(&cage, 0));
	ck_assert(!firn_watch_look(watch));
	/* Frozen again by whomever, it's another moment. */
	others_write_all(true);
	ck_assert(is_frozen_again());
	ck_assert(!firn_watch_look(watch));
	ck_assert_uint_ge(n_thaws(), 1);
	ck_assert(json_is_false(json_object_get(thaw(0), "refrozen")));
	ck_assert_int_lt(cpu("before"), cpu("after"));
}
END_TEST

START_TEST(a_thaw_and_a_freeze_between_two_looks_do_not_pass)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_watch(_i != CAGE_V1, false, false);
	others_write_all(false);
	ck_assert(cage_runs(&cage, 0));
	others_write_all(true);
	ck_assert(is_frozen_again());
	ck_assert(!firn_watch_look(watch));
}
END_TEST

START_TEST(without_a_holder_it_is_frozen_again_at_the_next_look)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_watch(false, true, false);
	others_write_all(false);
	ck_assert(cage_runs(&cage, 0));
	ck_assert(!firn_watch_look(watch));
	ck_assert(cage_stands(&cage, 0));
	ck_assert_uint_ge(n_thaws(), 1);
	ck_assert(json_is_null(json_object_get(thaw(0), "by")));
	ck_assert(json_is_true(json_object_get(thaw(0), "refrozen")));
}
END_TEST

/* A keeper's entry in the ledger, which is all that a watch knows of it. */
static void
has_a_keeper(uint64_t deadline_s)
{
	autojson json_t *details =
		json_pack("{s:s, s:I}", "purpose", "thaw", "deadline_boot_s",
			  (json_int_t)deadline_s);
	uint64_t change;

	ck_ok(firn_ledger_ask(ledger, "keep", details, &change, &err));
}

START_TEST(until_a_keeper_thaws_it_a_thaw_is_undone)
{
	const uint64_t second = 1000000000;

	has_a_keeper(firn_boot_ns() / second + 600);
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_watch(true, true, false);
	others_write_all(false);
	ck_assert(is_frozen_again());
	firn_watch_look(watch);
	ck_assert_uint_ge(n_thaws(), 1);
	ck_assert(json_is_true(json_object_get(thaw(0), "refrozen")));
}
END_TEST

START_TEST(once_its_time_has_passed_it_runs_on)
{
	const unsigned kinds = (unsigned)_i % 4;

	has_a_keeper(1);
	cage_make(&cage, kinds);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_watch(_i < 4, true, false);
	others_write_all(false);
	ck_assert(cage_runs(&cage, 0));
	ck_assert(!firn_watch_look(watch));
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_ge(n_alarms, 1);
	ck_assert_uint_ge(n_thaws(), 1);
	ck_assert(json_is_false(json_object_get(thaw(0), "refrozen")));
}
END_TEST

START_TEST(a_thaw_of_one_hierarchy_alone_lets_nothing_run)
{
	cage_make(&cage, CAGE_BOTH);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_watch(true, false, false);
	others_write((unsigned)_i, false);
	usleep(20000);
	ck_assert(firn_watch_look(watch));
	ck_assert_uint_eq(n_thaws(), 1);
	ck_assert(json_is_false(json_object_get(thaw(0), "ran")));
	ck_assert_int_eq(cpu("before"), cpu("after"));
	ck_assert_uint_eq(n_alarms, 1);
}
END_TEST

START_TEST(a_thaw_of_what_is_held_lets_nothing_run)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	freeze_and_watch(true, false, true);
	others_write_all(false);
	usleep(20000);
	ck_assert(firn_watch_look(watch));
	ck_assert_uint_eq(n_thaws(), cage.kinds == CAGE_BOTH ? 2 : 1);
	ck_assert(json_is_false(json_object_get(thaw(0), "ran")));
	ck_assert_int_eq(cpu("before"), cpu("after"));
}
END_TEST

START_TEST(a_kill_is_told_and_is_no_thaw)
{
	pid_t pid;

	cage_make(&cage, CAGE_V2);
	cage_run(&cage, "", cage_beat_0);
	pid = cage_run(&cage, "", cage_beat_1);
	cage_target(&cage, "");
	freeze_and_watch(true, true, false);
	kill(pid, SIGKILL);
	usleep(50000);
	ck_assert(firn_watch_look(watch));
	ck_assert_uint_eq(n_alarms, 1);
	ck_assert_uint_eq(n_thaws(), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(report, "killed")),
			  1);
	ck_assert_int_eq(
		json_integer_value(json_object_get(
			json_array_get(json_object_get(report, "killed"), 0),
			"pid")),
		pid);
}
END_TEST

START_TEST(what_another_had_paused_is_not_frozen_again_by_us)
{
	cage_make(&cage, CAGE_V2);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	others_write(CAGE_V2, true);
	ck_assert(is_frozen_again());
	freeze_and_watch(true, true, false);
	others_write(CAGE_V2, false);
	ck_assert(cage_runs(&cage, 0));
	ck_assert(!firn_watch_look(watch));
	ck_assert(cage_runs(&cage, 0));
	ck_assert_uint_eq(n_thaws(), 1);
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
	suite = suite_create("freeze_watch");
	tests = tcase_create("freeze_watch");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, what_nobody_thaws_gets_no_processor_time,
			    first, end);
	tcase_add_loop_test(tests, a_thaw_is_an_alarm_and_is_undone, first,
			    end);
	tcase_add_loop_test(tests, a_thaw_that_lasts_marks_all_that_follows,
			    first, end);
	tcase_add_loop_test(tests,
			    a_thaw_and_a_freeze_between_two_looks_do_not_pass,
			    first, end);
	tcase_add_loop_test(
		tests, without_a_holder_it_is_frozen_again_at_the_next_look,
		first, end);
	tcase_add_loop_test(tests, until_a_keeper_thaws_it_a_thaw_is_undone,
			    first, end);
	/* With a holder, and without one. */
	tcase_add_loop_test(tests, once_its_time_has_passed_it_runs_on, first,
			    end);
	tcase_add_loop_test(tests, once_its_time_has_passed_it_runs_on,
			    4 + first, 4 + end);
	tcase_add_loop_test(tests,
			    a_thaw_of_one_hierarchy_alone_lets_nothing_run,
			    first, CAGE_V1 + 1);
	tcase_add_loop_test(tests, a_thaw_of_what_is_held_lets_nothing_run,
			    first, end);
	tcase_add_test(tests, a_kill_is_told_and_is_no_thaw);
	tcase_add_test(tests,
		       what_another_had_paused_is_not_frozen_again_by_us);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
