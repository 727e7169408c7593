/*
 * What is told of a frozen container is what is so.
 */

#include "contain/cage.h"

#include "base/json.h"
#include "contain/scan_double.h"
#include "firn/contained.h"
#include "firn/freeze.h"
#include "firn/ledger.h"

static struct cage cage;
static struct firn_err err;
static char id[64], file[PATH_MAX];

static void
open_ledger(struct firn_ledger **ret)
{
	const struct firn_authority ada = { .operator_name = "ada",
					    .case_id = "c-17" };

	ck_ok(firn_ledger_open(ret, id, &ada, &err));
}

static void
freeze(unsigned max_s)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	const struct firn_freezing how = { .timeout_ms = 2000, .max_s = max_s };
	autojson json_t *said = NULL;

	open_ledger(&ledger);
	ck_ok(firn_freeze(&cage.target, ledger, &how, &said, &err));
}

static json_t *
thaw(void)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	json_t *said = NULL;

	open_ledger(&ledger);
	ck_ok(firn_thaw_recorded(&cage.host, ledger, &said, &err));
	return said;
}

static void
setup(void)
{
	snprintf(id, sizeof(id), "firn-test-contained-%d", getpid());
	snprintf(file, sizeof(file), "/run/firn/ledger/%s.jsonl", id);
	err = (struct firn_err){ 0 };
	cage_make(&cage, CAGE_BOTH);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
}

static void
teardown(void)
{
	json_decref(thaw());
	unlink(file);
	cage_remove(&cage);
}

static json_t *
contained(void)
{
	json_t *ret = NULL;

	ck_ok(firn_contained(&cage.host, id, &ret, &err));
	return ret;
}

static void
frozen_is(const char *state)
{
	autojson json_t *now = contained();
	const char *its = firn_json_string(now, "frozen", "state", NULL);

	ck_assert_ptr_nonnull(its);
	ck_assert_str_eq(its, state);
}

static void
keeper_is(const char *state)
{
	autojson json_t *now = contained();
	const char *its =
		firn_json_string(now, "keeper", "thaw", "state", NULL);

	ck_assert_ptr_nonnull(its);
	ck_assert_str_eq(its, state);
}

START_TEST(of_a_container_without_a_ledger_nothing_is_told)
{
	ck_assert_ptr_null(contained());
	ck_assert_int_eq(access(file, F_OK), -1);
}
END_TEST

START_TEST(a_freeze_is_told_with_who_made_it_and_in_which_case)
{
	autojson json_t *now = NULL;

	freeze(0);
	now = contained();
	ck_assert_str_eq(firn_json_string(now, "frozen", "state", NULL),
			 "in force");
	ck_assert_str_eq(firn_json_string(now, "frozen", "by", NULL), "ada");
	ck_assert_str_eq(firn_json_string(now, "frozen", "case", NULL), "c-17");
	ck_assert_ptr_nonnull(firn_json_string(now, "frozen", "since", NULL));
	ck_assert_ptr_null(json_object_get(now, "isolated"));
	ck_assert_ptr_null(json_object_get(now, "keeper"));
	json_decref(thaw());
	ck_assert_ptr_null(contained());
}
END_TEST

START_TEST(what_another_thawed_is_not_in_force)
{
	freeze(0);
	cage_ask(&cage, CAGE_V1, "", false);
	frozen_is("partly in force");
	cage_ask(&cage, CAGE_V2, "", false);
	frozen_is("not in force");
}
END_TEST

START_TEST(a_new_cgroup_of_the_same_name_is_not_the_frozen_one)
{
	freeze(0);
	for (enum cage_step step = CAGE_THAW; step <= CAGE_REMOVE; step++)
		for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++) {
			char path[PATH_MAX];

			cage_folder(&cage, kind, "", path);
			cage_clear(path, step);
		}
	frozen_is("gone");
	cage_nest(&cage, "");
	frozen_is("restarted");
}
END_TEST

/* As if the lines were of another boot, which they are for whoever reads. */
static void
reboot(void)
{
	static const char key[] = "\"boot_id\":\"";
	autofree char *text = NULL;
	size_t len;
	FILE *out;

	ck_ok(firn_read_at(AT_FDCWD, file, 1 << 20, &text, &len, &err));
	for (char *at = text; (at = strstr(at, key)) != NULL;) {
		at += strlen(key);
		at[0] = at[0] == 'e' ? 'f' : 'e';
	}
	out = fopen(file, "w");
	ck_assert_uint_eq(fwrite(text, 1, len, out), len);
	fclose(out);
}

START_TEST(what_was_frozen_before_a_reboot_is_told_so_until_it_is_thawed)
{
	autojson json_t *said = NULL;

	freeze(0);
	cage_ask(&cage, CAGE_V1, "", false);
	cage_ask(&cage, CAGE_V2, "", false);
	reboot();
	frozen_is("before the reboot");
	said = thaw();
	ck_assert_str_eq(firn_json_string(said, "why", NULL),
			 "the node was rebooted");
	ck_assert_ptr_null(contained());
}
END_TEST

static void
kill_keeper(void)
{
	autojson json_t *now = contained();
	const json_t *pid = firn_json_at(now, "keeper", "thaw", "pid", NULL);

	ck_assert_int_gt(json_integer_value(pid), 1);
	ck_assert_int_eq(kill((pid_t)json_integer_value(pid), SIGKILL), 0);
	usleep(300000);
}

START_TEST(a_keeper_that_was_killed_is_told)
{
	freeze(600);
	keeper_is("running");
	kill_keeper();
	keeper_is("not running");
	frozen_is("in force");
}
END_TEST

START_TEST(a_deadline_that_nobody_kept_is_told)
{
	freeze(2);
	kill_keeper();
	sleep(4);
	keeper_is("not kept");
	frozen_is("in force");
}
END_TEST

int
main(void)
{
	Suite *suite;
	TCase *tests;

	if (!cage_can(CAGE_BOTH)) {
		puts("skipped: needs root, cgroup v2 and v1's freezer");
		return 77;
	}
	suite = suite_create("contained");
	tests = tcase_create("contained");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, of_a_container_without_a_ledger_nothing_is_told);
	tcase_add_test(tests,
		       a_freeze_is_told_with_who_made_it_and_in_which_case);
	tcase_add_test(tests, what_another_thawed_is_not_in_force);
	tcase_add_test(tests,
		       a_new_cgroup_of_the_same_name_is_not_the_frozen_one);
	tcase_add_test(
		tests,
		what_was_frozen_before_a_reboot_is_told_so_until_it_is_thawed);
	tcase_add_test(tests, a_keeper_that_was_killed_is_told);
	tcase_add_test(tests, a_deadline_that_nobody_kept_is_told);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
