/* The inbox: what is put in comes out once, whole, and by whom. */

#include "firn/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "check.h"
#include "respond/inbox/split.h"

static struct firn_err err;
static char folder[64];
static struct firn_inbox inbox;

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-inbox-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_ok(firn_inbox_open(&inbox, folder, true, &err));
}

static void
teardown(void)
{
	char command[96];

	firn_inbox_close(&inbox);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
put(const char *payload, char name[FIRN_LETTER_NAME])
{
	autojson json_t *envelope = json_pack("{s:s}", "way", "stdin");

	ck_ok(firn_inbox_put(&inbox, envelope, payload, strlen(payload), name,
			     &err));
}

/* A file of a test's own in new/. */
static void
write_by_hand(const char *name, const char *text)
{
	int fd = openat(inbox.new_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static bool
is_in(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static size_t
count(const char *sub)
{
	char command[160];
	size_t n = 0;
	FILE *out;

	snprintf(command, sizeof(command), "ls %s/%s | wc -l", folder, sub);
	out = popen(command, "r");
	ck_assert_int_eq(fscanf(out, "%zu", &n), 1);
	pclose(out);
	return n;
}

START_TEST(a_letter_comes_out_as_it_was_put_in_and_once)
{
	struct firn_letter letter = { 0 };
	char name[FIRN_LETTER_NAME];

	put("{\"a\": 1}\n", name);
	ck_ok(firn_inbox_sync(&inbox, &err));
	ck_assert_int_eq(firn_inbox_take(&inbox, &letter, &err), 1);
	ck_assert_str_eq(letter.name, name);
	ck_assert_str_eq(letter.payload, "{\"a\": 1}\n");
	ck_assert_uint_eq(letter.writer_uid, geteuid());
	ck_assert_str_eq(firn_json_string(letter.envelope, "way", NULL),
			 "stdin");
	ck_assert_int_eq(json_integer_value(
				 json_object_get(letter.envelope, "size")),
			 9);
	firn_letter_free(&letter);
	ck_assert_int_eq(firn_inbox_take(&inbox, &letter, &err), 0);
}
END_TEST

START_TEST(letters_come_out_in_the_order_in_which_they_came)
{
	struct firn_letter letter = { 0 };
	char name[FIRN_LETTER_NAME], text[16];

	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "%d", i);
		put(text, name);
	}
	for (int i = 0; i < 300; i++) {
		ck_assert_int_eq(firn_inbox_take(&inbox, &letter, &err), 1);
		ck_assert_int_eq(atoi(letter.payload), i);
		firn_letter_free(&letter);
	}
}
END_TEST

START_TEST(a_letter_that_is_answered_is_done_and_its_answer_beside_it)
{
	autojson json_t *answer = json_pack("{s:b}", "accepted", true);
	struct firn_letter letter = { 0 };
	char name[FIRN_LETTER_NAME], file[FIRN_LETTER_NAME + 16];
	struct stat st;

	put("{}", name);
	ck_assert_int_eq(firn_inbox_take(&inbox, &letter, &err), 1);
	ck_assert(is_in(inbox.cur_fd, name));
	ck_ok(firn_inbox_answer(&inbox, name, answer, &err));
	ck_assert(!is_in(inbox.cur_fd, name));
	ck_assert(is_in(inbox.done_fd, name));
	snprintf(file, sizeof(file), "%s.answer.json", name);
	ck_assert_int_eq(fstatat(inbox.done_fd, file, &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	firn_letter_free(&letter);
}
END_TEST

START_TEST(a_letter_that_a_killed_runner_took_is_still_there)
{
	autojson json_t *left = NULL;
	struct firn_letter letter = { 0 };
	char name[FIRN_LETTER_NAME];

	put("{\"b\": 2}", name);
	ck_assert_int_eq(firn_inbox_take(&inbox, &letter, &err), 1);
	firn_letter_free(&letter);
	firn_inbox_close(&inbox);
	ck_ok(firn_inbox_open(&inbox, folder, true, &err));
	ck_assert_int_eq(firn_inbox_take(&inbox, &letter, &err), 0);
	ck_ok(firn_inbox_left(&inbox, &left, &err));
	ck_assert_uint_eq(json_array_size(left), 1);
	ck_ok(firn_inbox_read(&inbox,
			      json_string_value(json_array_get(left, 0)),
			      &letter, &err));
	ck_assert_str_eq(letter.payload, "{\"b\": 2}");
	firn_letter_free(&letter);
}
END_TEST

START_TEST(a_letter_written_by_hand_is_its_writers)
{
	struct firn_letter letter = { 0 };

	write_by_hand("1795900000.000000001-1-1",
		      "{\"source\": \"falco\"}\n{\"rule\": \"x\"}");
	ck_assert_int_eq(firn_inbox_take(&inbox, &letter, &err), 1);
	ck_assert_uint_eq(letter.writer_uid, geteuid());
	ck_assert_uint_ne(letter.writer_uid, inbox.trusted_uid);
	firn_letter_free(&letter);
}
END_TEST

START_TEST(what_is_no_letter_is_put_aside_and_nobody_waits_for_it)
{
	struct firn_letter letter = { 0 };
	const char *const texts[] = {
		"",       "no envelope",           "{\"a\": 1}",
		"[]\n{}", "{\"a\":1,\"a\":2}\n{}", "{\"sha256\": \"00\"}\n{}",
	};
	char name[FIRN_LETTER_NAME];
	size_t n = 0;

	for (; n < sizeof(texts) / sizeof(texts[0]); n++) {
		snprintf(name, sizeof(name), "1795900000.%09zu-1-1", n);
		write_by_hand(name, texts[n]);
	}
	write_by_hand("..name; rm -rf", "{}\n{}");
	ck_assert_int_eq(mkfifoat(inbox.new_fd, "1795900001.000000001-1-1",
				  0600),
			 0);
	ck_assert_int_eq(mkdirat(inbox.new_fd, "1795900001.000000002-1-1",
				 0700),
			 0);
	ck_assert_int_eq(symlinkat("/etc/shadow", inbox.new_fd,
				   "1795900001.000000003-1-1"),
			 0);
	write_by_hand("1795900001.000000004-1-1", "{}\n{}");
	ck_assert_int_eq(linkat(inbox.new_fd, "1795900001.000000004-1-1",
				inbox.dir_fd, "another-name", 0),
			 0);
	alarm(20);
	ck_assert_int_eq(firn_inbox_take(&inbox, &letter, &err), 0);
	ck_assert_uint_eq(count("new"), 0);
	ck_assert_uint_eq(count("cur"), 0);
	ck_assert_uint_eq(count("done"), 2 * (n + 5));
}
END_TEST

START_TEST(a_writer_that_is_killed_leaves_whole_letters_only)
{
	struct firn_letter letter = { 0 };
	char name[FIRN_LETTER_NAME];
	int status;
	size_t n = 0;

	for (useconds_t i = 0; i < 20; i++) {
		size_t before = count("new");
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				put("{\"rule\": \"a rule of some length\"}",
				    name);
		/* At any moment, while it writes. */
		while (count("new") < before + 2)
			usleep(100);
		usleep(i * 50);
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
	}
	while (firn_inbox_take(&inbox, &letter, &err) == 1) {
		ck_assert_str_eq(letter.payload,
				 "{\"rule\": \"a rule of some length\"}");
		firn_letter_free(&letter);
		n++;
	}
	ck_assert_uint_ge(n, 40);
	ck_assert_uint_eq(count("done"), 0);
}
END_TEST

START_TEST(a_folder_that_others_can_write_is_no_inbox)
{
	struct firn_inbox other;

	ck_assert_int_eq(fchmod(inbox.dir_fd, 0777), 0);
	ck_fails(firn_inbox_open(&other, folder, true, &err), EPERM);
}
END_TEST

/* --- one alert from the next ----------------------------------------------
 */

static void
check_split(const char *text, const size_t *expected)
{
	/* In one piece, and byte by byte. */
	for (int by_byte = 0; by_byte < 2; by_byte++) {
		struct firn_splitter splitter = { 0 };
		size_t at = 0, n = 0, len = strlen(text);

		for (size_t end = by_byte ? 1 : len; end <= len; end++) {
			size_t got;

			while ((got = firn_split(&splitter, text + at,
						 end - at)) > 0) {
				ck_assert_uint_eq(got, expected[n++]);
				at += got;
				splitter = (struct firn_splitter){ 0 };
			}
		}
		ck_assert_uint_eq(expected[n], 0);
	}
}

START_TEST(each_line_is_an_alert)
{
	check_split("{\"a\": 1}\n{\"b\": \"}{\\\"\"}\n{\"c\"",
		    (size_t[]){ 9, 14, 0 });
}
END_TEST

START_TEST(a_value_over_several_lines_is_one_alert)
{
	check_split("{\n \"a\": [\n{\n\"b\": 1\n}\n]\n}\n{}\n",
		    (size_t[]){ 25, 3, 0 });
}
END_TEST

START_TEST(a_broken_line_takes_none_of_those_behind_it_along)
{
	check_split("{\"a\": {\n{\"b\": 1}\n", (size_t[]){ 0 });
	check_split("{\"a\": 1\n{\"b\": 1}\n", (size_t[]){ 8, 9, 0 });
	check_split("{\"a\": \"x\n{\"b\": 1}\n", (size_t[]){ 9, 9, 0 });
	check_split("nonsense\n{}\n", (size_t[]){ 9, 3, 0 });
	check_split("]]]\n{}\n", (size_t[]){ 4, 3, 0 });
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("inbox");
	TCase *cases = tcase_create("inbox"), *split = tcase_create("split");

	if (geteuid() != 0) {
		puts("skipped: an inbox is root's");
		return 77;
	}
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_letter_comes_out_as_it_was_put_in_and_once);
	tcase_add_test(cases, letters_come_out_in_the_order_in_which_they_came);
	tcase_add_test(
		cases,
		a_letter_that_is_answered_is_done_and_its_answer_beside_it);
	tcase_add_test(cases,
		       a_letter_that_a_killed_runner_took_is_still_there);
	tcase_add_test(cases, a_letter_written_by_hand_is_its_writers);
	tcase_add_test(cases,
		       what_is_no_letter_is_put_aside_and_nobody_waits_for_it);
	tcase_add_test(cases,
		       a_writer_that_is_killed_leaves_whole_letters_only);
	tcase_add_test(cases, a_folder_that_others_can_write_is_no_inbox);
	tcase_add_test(split, each_line_is_an_alert);
	tcase_add_test(split, a_value_over_several_lines_is_one_alert);
	tcase_add_test(split,
		       a_broken_line_takes_none_of_those_behind_it_along);
	suite_add_tcase(suite, cases);
	suite_add_tcase(suite, split);
	return run_suite(suite);
}
