/* The checklist as it is worked through, in a folder of cases of its own. */

#include "firn/rotation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"

#define ONE "1111111111111111aaaaaaaaaaaaaaaa"
#define TWO "1111111122222222bbbbbbbbbbbbbbbb"
#define THREE "3333333333333333cccccccccccccccc"

static struct firn_err err;
static char folder[64];
static int cases_fd = -1;

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-rotation-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	cases_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(cases_fd, 0);
}

static void
teardown(void)
{
	char command[96];

	close(cases_fd);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* A checklist of up to two items, made at a time. */
static json_t *
checklist(const char *made, const char *print, const char *other)
{
	json_t *list = json_pack("{s:s, s:s, s:[]}", "case", "CASE-1", "made",
				 made, "items");
	const char *const prints[] = { print, other };

	for (size_t i = 0; i < 2 && prints[i] != NULL; i++) {
		char id[16];

		snprintf(id, sizeof(id), "S-%.8s", prints[i]);
		json_array_append_new(
			json_object_get(list, "items"),
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id",
				  id, "fingerprint", prints[i], "kind", "k",
				  "title", "Thing", "priority", "P1",
				  "confidence", "high", "due",
				  "2026-11-24T12:00:00Z"));
	}
	return list;
}

static void
keep(const char *made, const char *print, const char *other)
{
	autojson json_t *list = checklist(made, print, other);

	ck_ok(firn_rotation_mark(cases_fd, list, &err));
	ck_ok(firn_rotation_keep(cases_fd, list, &err));
}

static int
tick(const char *item, bool undo)
{
	const struct firn_tick what = {
		.item = item, .by = "alice", .note = "ticket 7", .undo = undo
	};
	autojson json_t *result = NULL;

	err = (struct firn_err){ 0 };
	return firn_rotation_tick(cases_fd, "CASE-1", &what, &result, &err);
}

static size_t
count(const char *key)
{
	autojson json_t *status = NULL;

	ck_ok(firn_rotation_status(cases_fd, "CASE-1", &status, &err));
	return json_array_size(json_object_get(status, key));
}

START_TEST(what_is_ticked_off_is_no_longer_open)
{
	autojson json_t *status = NULL;
	const json_t *done;

	keep("2026-11-24T10:00:00Z", ONE, THREE);
	ck_assert_uint_eq(count("open"), 2);
	ck_ok(tick("S-33333333", false));
	ck_assert_uint_eq(count("open"), 1);
	ck_ok(firn_rotation_status(cases_fd, "CASE-1", &status, &err));
	done = json_array_get(json_object_get(status, "done"), 0);
	ck_assert_str_eq(firn_json_string(done, "item", NULL), "S-33333333");
	ck_assert_str_eq(firn_json_string(done, "by", NULL), "alice");
	ck_assert_str_eq(firn_json_string(done, "note", NULL), "ticket 7");
	ck_assert_ptr_nonnull(firn_json_string(done, "at", NULL));
	ck_assert(
		json_is_true(firn_json_at(status, "custody", "intact", NULL)));
	ck_assert_int_eq(json_integer_value(json_object_get(status, "overdue")),
			 1);
	ck_ok(tick("S-33", true));
	ck_assert_uint_eq(count("open"), 2);
}
END_TEST

START_TEST(an_item_is_called_by_what_makes_it_the_only_one)
{
	keep("2026-11-24T10:00:00Z", ONE, TWO);
	/* Their short names are the same. */
	ck_fails(tick("S-11111111", false), EEXIST);
	ck_assert_ptr_nonnull(strstr(err.text, "S-111111111111"));
	ck_assert_ptr_nonnull(strstr(err.text, "S-111111112222"));
	ck_ok(tick("S-111111112", false));
	ck_ok(tick("1111111111", false));
	ck_fails(tick("S-4", false), ESRCH);
	ck_assert_ptr_nonnull(strstr(err.text, "--status CASE-1"));
	ck_fails(tick("S-", false), ESRCH);
	ck_fails(tick("", false), ESRCH);
}
END_TEST

START_TEST(nothing_is_ticked_off_twice)
{
	keep("2026-11-24T10:00:00Z", ONE, NULL);
	ck_fails(tick("S-1", true), EEXIST);
	ck_ok(tick("S-1", false));
	ck_fails(tick("S-1", false), EEXIST);
	ck_assert_ptr_nonnull(strstr(err.text, "alice"));
}
END_TEST

START_TEST(a_case_without_a_checklist_says_what_to_do)
{
	ck_fails(tick("S-1", false), ESRCH);
	ck_assert_ptr_nonnull(strstr(err.text, "firn secrets --case CASE-1"));
}
END_TEST

START_TEST(what_was_found_before_stays_and_is_known_since_when)
{
	autojson json_t *again = checklist("2026-11-25T10:00:00Z", ONE, THREE);
	const json_t *first, *second;

	keep("2026-11-24T10:00:00Z", ONE, TWO);
	ck_ok(tick("S-1111111111", false));
	/* Another container of the case. */
	keep("2026-11-25T10:00:00Z", THREE, NULL);
	ck_assert_uint_eq(count("open"), 2);
	ck_assert_uint_eq(count("done"), 1);
	ck_ok(firn_rotation_mark(cases_fd, again, &err));
	first = json_array_get(json_object_get(again, "items"), 0);
	second = json_array_get(json_object_get(again, "items"), 1);
	ck_assert_str_eq(firn_json_string(first, "fingerprint", NULL), THREE);
	ck_assert_str_eq(firn_json_string(first, "found", NULL),
			 "2026-11-25T10:00:00Z");
	ck_assert_str_eq(firn_json_string(second, "found", NULL),
			 "2026-11-24T10:00:00Z");
	ck_assert_str_eq(firn_json_string(second, "done", "by", NULL), "alice");
}
END_TEST

START_TEST(two_that_keep_at_once_lose_nothing)
{
	enum {
		KEEPERS = 10
	};
	pid_t pids[KEEPERS];
	autojson json_t *kept = NULL;
	struct stat st;

	for (int i = 0; i < KEEPERS; i++) {
		char print[33];

		snprintf(print, sizeof(print), "%032d", i);
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0) {
			json_t *list =
				checklist("2026-11-24T10:00:00Z", print, NULL);
			int done = firn_rotation_keep(cases_fd, list, &err);

			json_decref(list);
			_exit(done < 0);
		}
	}
	for (int i = 0; i < KEEPERS; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_ok(firn_rotation_kept(cases_fd, "CASE-1", &kept, &err));
	ck_assert_uint_eq(json_array_size(json_object_get(kept, "items")),
			  KEEPERS);
	ck_assert_int_eq(fstatat(cases_fd, "CASE-1.secrets.json", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_lt(fstatat(cases_fd, "CASE-1.secrets.json.new", &st, 0),
			 0);
}
END_TEST

START_TEST(a_record_that_was_tampered_with_is_told)
{
	autojson json_t *status = NULL;
	autofree char *text = NULL;
	autoclose int fd = -1;
	size_t len;

	keep("2026-11-24T10:00:00Z", ONE, THREE);
	ck_ok(tick("S-1", false));
	ck_ok(tick("S-3", false));
	ck_ok(firn_read_at(cases_fd, "CASE-1.custody.jsonl", 1 << 20, &text,
			   &len, &err));
	memcpy(strstr(text, "alice"), "mally", 5);
	fd = openat(cases_fd, "CASE-1.custody.jsonl", O_WRONLY | O_CLOEXEC);
	ck_ok(firn_write_all(fd, "it", text, len, &err));
	ck_ok(firn_rotation_status(cases_fd, "CASE-1", &status, &err));
	ck_assert(
		json_is_false(firn_json_at(status, "custody", "intact", NULL)));
	ck_assert_int_eq(json_integer_value(firn_json_at(
				 json_array_get(firn_json_at(status, "custody",
							     "failures", NULL),
						0),
				 "line", NULL)),
			 2);
}
END_TEST

START_TEST(a_case_that_is_no_files_name_is_refused)
{
	static const char *const ids[] = { "../x", ".x", "", "a/b", "a b" };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		autojson json_t *list =
			checklist("2026-11-24T10:00:00Z", ONE, NULL);
		json_t *kept = NULL;

		json_object_set_new(list, "case", json_string(ids[i]));
		ck_fails(firn_rotation_keep(cases_fd, list, &err), EINVAL);
		ck_fails(firn_rotation_mark(cases_fd, list, &err), EINVAL);
		ck_fails(firn_rotation_kept(cases_fd, ids[i], &kept, &err),
			 EINVAL);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rotation");
	TCase *tcase = tcase_create("rotation");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_is_ticked_off_is_no_longer_open);
	tcase_add_test(tcase, an_item_is_called_by_what_makes_it_the_only_one);
	tcase_add_test(tcase, nothing_is_ticked_off_twice);
	tcase_add_test(tcase, a_case_without_a_checklist_says_what_to_do);
	tcase_add_test(tcase,
		       what_was_found_before_stays_and_is_known_since_when);
	tcase_add_test(tcase, two_that_keep_at_once_lose_nothing);
	tcase_add_test(tcase, a_record_that_was_tampered_with_is_told);
	tcase_add_test(tcase, a_case_that_is_no_files_name_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
