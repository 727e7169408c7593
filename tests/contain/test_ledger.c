#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "contain/ledger/ledger_file.h"
#include "firn/ledger.h"
#include "host/operator.h"

static const struct firn_authority authority = { .operator_name = "ada",
						 .case_id = "c-17" };
static char folder[64];
static int dir_fd;
static struct firn_ledger *ledger;
static struct firn_err err;

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/firn-ledger-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
	err = (struct firn_err){ 0 };
	ledger = NULL;
}

static void
teardown(void)
{
	static const char *const names[] = { "t.jsonl", "t.jsonl.old",
					     "b.jsonl", "a.jsonl", "other" };

	firn_ledger_close(&ledger);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(dir_fd, names[i], 0);
	unlinkat(dir_fd, "t.jsonl", AT_REMOVEDIR);
	unlinkat(dir_fd, "firn/ledger", AT_REMOVEDIR);
	unlinkat(dir_fd, "firn", AT_REMOVEDIR);
	close(dir_fd);
	ck_assert_int_eq(rmdir(folder), 0);
}

static int
open_ledger(void)
{
	return firn_ledger_open_at(&ledger, dir_fd, "t", &authority, &err);
}

static void
reopen(void)
{
	firn_ledger_close(&ledger);
	ck_ok(open_ledger());
}

static void
put(const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	ck_ok(firn_write_all(fd, name, text, strlen(text), &err));
	close(fd);
}

static size_t
n_open(const char *action)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, action);

	return json_array_size(open);
}

static uint64_t
ask(const char *action)
{
	autojson json_t *details = json_pack("{s:s}", "file", "cgroup.freeze");
	uint64_t change;

	ck_ok(firn_ledger_ask(ledger, action, details, &change, &err));
	return change;
}

START_TEST(what_is_asked_is_in_the_file_before_it_returns)
{
	autofree char *text = NULL;
	autojson json_t *line = NULL;
	char boot_id[FIRN_BOOT_ID];
	size_t len;

	ck_ok(open_ledger());
	ck_assert_uint_eq(ask("freeze"), 1);
	ck_ok(firn_read_at(dir_fd, "t.jsonl", 4096, &text, &len, &err));
	ck_assert_int_eq(text[len - 1], '\n');
	ck_ok(firn_json_parse(text, len, "line", &line, &err));
	ck_ok(firn_boot_id(boot_id, &err));
	ck_assert_str_eq(firn_json_string(line, "action", NULL), "freeze");
	ck_assert_str_eq(firn_json_string(line, "phase", NULL), "asked");
	ck_assert_str_eq(firn_json_string(line, "operator", NULL), "ada");
	ck_assert_str_eq(firn_json_string(line, "case", NULL), "c-17");
	ck_assert_str_eq(firn_json_string(line, "boot_id", NULL), boot_id);
	ck_assert_str_eq(firn_json_string(line, "details", "file", NULL),
			 "cgroup.freeze");
	ck_assert_int_eq(json_integer_value(json_object_get(line, "change")),
			 1);
	ck_assert_int_eq(json_integer_value(json_object_get(line, "pid")),
			 getpid());
	ck_assert_ptr_nonnull(firn_json_string(line, "time", NULL));
}
END_TEST

START_TEST(a_change_is_open_until_it_is_undone_or_failed)
{
	uint64_t frozen, cut, other;

	ck_ok(open_ledger());
	frozen = ask("freeze");
	cut = ask("isolate");
	other = ask("freeze");
	ck_ok(firn_ledger_note(ledger, frozen, "made", NULL, &err));
	ck_ok(firn_ledger_note(ledger, other, "failed", NULL, &err));
	reopen();
	ck_assert_uint_eq(n_open(NULL), 2);
	ck_assert_uint_eq(n_open("freeze"), 1);
	ck_ok(firn_ledger_note(ledger, frozen, "undone", NULL, &err));
	ck_assert_uint_eq(n_open("freeze"), 0);
	ck_assert_uint_eq(n_open("isolate"), 1);
	ck_ok(firn_ledger_note(ledger, cut, "undone", NULL, &err));
	reopen();
	ck_assert_uint_eq(n_open(NULL), 0);
	ck_assert_uint_eq(json_array_size(firn_ledger_lines(ledger)), 7);
}
END_TEST

START_TEST(an_open_change_tells_what_was_asked_and_what_was_noted)
{
	autojson json_t *open = NULL, *noted = json_pack("{s:i}", "seen", 3);
	json_t *change, *note;

	ck_ok(open_ledger());
	ask("freeze");
	ck_ok(firn_ledger_note(ledger, 1, "made", NULL, &err));
	ck_ok(firn_ledger_note(ledger, 1, "confirmed", noted, &err));
	reopen();
	open = firn_ledger_open_changes(ledger, "freeze");
	change = json_array_get(open, 0);
	ck_assert_str_eq(firn_json_string(change, "phase", NULL), "confirmed");
	ck_assert_str_eq(firn_json_string(change, "details", "file", NULL),
			 "cgroup.freeze");
	ck_assert_uint_eq(json_array_size(json_object_get(change, "noted")), 2);
	note = json_array_get(json_object_get(change, "noted"), 1);
	ck_assert_int_eq(json_integer_value(
				 firn_json_at(note, "details", "seen", NULL)),
			 3);
}
END_TEST

START_TEST(a_line_of_another_boot_says_nothing_but_keeps_its_number)
{
	put("t.jsonl", "{\"boot_id\":\"other\",\"change\":7,"
		       "\"action\":\"freeze\",\"phase\":\"asked\"}\n");
	ck_ok(open_ledger());
	ck_assert_uint_eq(n_open(NULL), 0);
	ck_assert_uint_eq(json_array_size(firn_ledger_lines(ledger)), 0);
	ck_fails(firn_ledger_note(ledger, 7, "undone", NULL, &err), EINVAL);
	ck_assert_uint_eq(ask("freeze"), 8);
}
END_TEST

START_TEST(what_a_reboot_ended_is_told_until_it_is_forgotten)
{
	autojson json_t *left = NULL, *after = NULL;

	put("t.jsonl", "{\"boot_id\":\"other\",\"change\":7,"
		       "\"action\":\"freeze\",\"phase\":\"asked\"}\n"
		       "{\"boot_id\":\"other\",\"change\":8,"
		       "\"action\":\"isolate\",\"phase\":\"asked\"}\n"
		       "{\"boot_id\":\"other\",\"change\":8,"
		       "\"action\":\"isolate\",\"phase\":\"undone\"}\n");
	ck_ok(open_ledger());
	left = firn_ledger_before_boot(ledger, NULL);
	ck_assert_uint_eq(json_array_size(left), 1);
	ck_assert_int_eq(firn_ledger_forget(ledger, "isolate", &err), 0);
	ck_assert_int_eq(firn_ledger_forget(ledger, "freeze", &err), 1);
	reopen();
	after = firn_ledger_before_boot(ledger, NULL);
	ck_assert_uint_eq(json_array_size(after), 0);
	ck_assert_int_eq(firn_ledger_forget(ledger, "freeze", &err), 0);
	ck_assert_uint_eq(n_open(NULL), 0);
}
END_TEST

START_TEST(a_line_cut_at_any_byte_leaves_the_others_whole)
{
	autofree char *text = NULL;
	size_t len, first;

	ck_ok(open_ledger());
	ask("freeze");
	ck_ok(firn_ledger_note(ledger, 1, "undone", NULL, &err));
	firn_ledger_close(&ledger);
	ck_ok(firn_read_at(dir_fd, "t.jsonl", 4096, &text, &len, &err));
	first = (size_t)(strchr(text, '\n') - text) + 1;
	for (size_t cut = first; cut <= len; cut++) {
		/* Only the newline may be missing for it to have been said. */
		size_t expected = cut >= len - 1 ? 0 : 1;
		autofree char *cut_text = strndup(text, cut);

		unlinkat(dir_fd, "t.jsonl", 0);
		put("t.jsonl", cut_text);
		ck_ok(open_ledger());
		ck_assert_uint_eq(n_open(NULL), expected);
		ck_assert_uint_eq(ask("isolate"), 2);
		reopen();
		ck_assert_uint_eq(n_open(NULL), expected + 1);
		ck_assert_uint_eq(n_open("isolate"), 1);
		firn_ledger_close(&ledger);
	}
}
END_TEST

START_TEST(only_a_private_regular_file_of_ours_is_a_ledger)
{
	put("other", "");
	ck_assert_int_eq(symlinkat("other", dir_fd, "t.jsonl"), 0);
	ck_fails(open_ledger(), EPERM);
	unlinkat(dir_fd, "t.jsonl", 0);

	ck_assert_int_eq(linkat(dir_fd, "other", dir_fd, "t.jsonl", 0), 0);
	ck_fails(open_ledger(), EPERM);
	unlinkat(dir_fd, "t.jsonl", 0);

	ck_assert_int_eq(mkfifoat(dir_fd, "t.jsonl", 0600), 0);
	ck_fails(open_ledger(), EPERM);
	unlinkat(dir_fd, "t.jsonl", 0);

	ck_assert_int_eq(mkdirat(dir_fd, "t.jsonl", 0700), 0);
	ck_fails(open_ledger(), EPERM);
	unlinkat(dir_fd, "t.jsonl", AT_REMOVEDIR);

	put("t.jsonl", "");
	ck_assert_int_eq(fchmodat(dir_fd, "t.jsonl", 0644, 0), 0);
	ck_fails(open_ledger(), EPERM);
	ck_assert_int_eq(fchmodat(dir_fd, "t.jsonl", 0600, 0), 0);
	ck_ok(open_ledger());
}
END_TEST

START_TEST(an_id_can_name_no_other_file)
{
	static const char *const ids[] = { "",    ".",       "..",   "../t",
					   "a/b", "t\n",     "/etc", " ",
					   ".t",  "\xc3\xa4" };
	char long_id[202];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		ck_fails(firn_ledger_open_at(&ledger, dir_fd, ids[i],
					     &authority, &err),
			 EINVAL);
	memset(long_id, 'a', 201);
	long_id[201] = '\0';
	ck_fails(firn_ledger_open_at(&ledger, dir_fd, long_id, &authority,
				     &err),
		 EINVAL);
}
END_TEST

START_TEST(a_second_firn_waits_for_the_first)
{
	int pipe_fds[2], status;
	pid_t child;
	char byte;

	ck_ok(open_ledger());
	ck_assert_int_eq(pipe(pipe_fds), 0);
	child = fork();
	if (child == 0) {
		struct firn_ledger *mine = NULL;

		close(pipe_fds[0]);
		if (firn_ledger_open_at(&mine, dir_fd, "t", NULL, &err) < 0)
			_exit(1);
		_exit(write(pipe_fds[1], "x", 1) == 1 ? 0 : 1);
	}
	close(pipe_fds[1]);
	ask("freeze");
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	usleep(50000);
	ck_assert_int_eq((int)read(pipe_fds[0], &byte, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	firn_ledger_close(&ledger);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq((int)read(pipe_fds[0], &byte, 1), 1);
	close(pipe_fds[0]);
}
END_TEST

static int
open_in_child(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct firn_ledger *mine = NULL;

		err.code = 0;
		if (firn_ledger_open_at(&mine, dir_fd, "t", NULL, &err) < 0)
			_exit(err.code);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

START_TEST(a_ledger_that_is_held_for_long_is_busy)
{
	ck_ok(open_ledger());
	ck_assert_int_eq(open_in_child(), EBUSY);
}
END_TEST

/* Joined, `n` changes; as a process of its own. */
static void
join_in_child(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct firn_ledger *mine = NULL;
		uint64_t change;

		if (firn_ledger_open_as(&mine, dir_fd, "t", FIRN_LEDGER_JOIN,
					NULL, &err) < 0 ||
		    firn_ledger_ask(mine, "beside", NULL, &change, &err) < 0)
			_exit(1);
		firn_ledger_close(&mine);
	}
	_exit(0);
}

START_TEST(whoever_joins_a_held_ledger_takes_no_number_twice)
{
	const unsigned n = 50;
	int status;
	pid_t child;

	ck_ok(open_ledger());
	child = fork();
	if (child == 0)
		join_in_child(n);
	for (unsigned i = 0; i < n; i++)
		ask("freeze");
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_ok(firn_ledger_refresh(ledger, &err));
	ck_assert_uint_eq(n_open("beside"), n);
	ck_assert_uint_eq(n_open(NULL), 2 * n);
	ck_assert_uint_eq(ask("freeze"), 2 * n + 1);
	reopen();
	ck_assert_uint_eq(n_open(NULL), 2 * n + 1);
}
END_TEST

START_TEST(a_look_makes_no_ledger_and_waits_for_nobody)
{
	struct firn_ledger *seen = NULL;
	struct stat st;
	int status;
	pid_t child;

	ck_fails(firn_ledger_open_as(&seen, dir_fd, "t", FIRN_LEDGER_LOOK, NULL,
				     &err),
		 ENOENT);
	ck_assert_int_eq(fstatat(dir_fd, "t.jsonl", &st, 0), -1);
	ck_ok(open_ledger());
	ask("freeze");
	child = fork();
	if (child == 0) {
		autojson json_t *open = NULL;
		uint64_t change;

		err.code = 0;
		if (firn_ledger_open_as(&seen, dir_fd, "t", FIRN_LEDGER_LOOK,
					NULL, &err) < 0)
			_exit(1);
		open = firn_ledger_open_changes(seen, "freeze");
		_exit(json_array_size(open) != 1 ||
		      firn_ledger_ask(seen, "freeze", NULL, &change, &err) ==
			      0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(n_open(NULL), 1);
}
END_TEST

START_TEST(a_child_that_outlives_firn_does_not_hold_the_ledger)
{
	pid_t child;

	ck_ok(open_ledger());
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	firn_ledger_close(&ledger);
	ck_assert_int_eq(open_in_child(), 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}
END_TEST

START_TEST(a_long_ledger_with_nothing_to_undo_is_set_aside)
{
	autofree char *padding = malloc(FIRN_LEDGER_FULL + 2);
	struct stat st;
	uint64_t change;

	memset(padding, ' ', FIRN_LEDGER_FULL);
	memcpy(padding + FIRN_LEDGER_FULL, "\n", 2);
	ck_ok(open_ledger());
	change = ask("freeze");
	put("t.jsonl", padding);
	reopen();
	ck_assert_uint_eq(n_open(NULL), 1);
	ck_assert_int_eq(fstatat(dir_fd, "t.jsonl.old", &st, 0), -1);
	ck_ok(firn_ledger_note(ledger, change, "undone", NULL, &err));
	reopen();
	ck_assert_int_eq(fstatat(dir_fd, "t.jsonl.old", &st, 0), 0);
	ck_assert_int_eq(fstatat(dir_fd, "t.jsonl", &st, 0), 0);
	ck_assert_int_eq((int)st.st_size, 0);
	ck_assert_uint_eq(ask("freeze"), change + 1);
}
END_TEST

START_TEST(a_full_ledger_begins_nothing_but_still_ends_what_was_begun)
{
	uint64_t change, second;

	ck_ok(open_ledger());
	change = ask("freeze");
	firn_ledger_close(&ledger);
	for (unsigned i = 0; i < FIRN_LEDGER_ASK_MAX / 1024; i++) {
		char line[1025];

		memset(line, ' ', 1023);
		memcpy(line + 1023, "\n", 2);
		put("t.jsonl", line);
	}
	ck_ok(open_ledger());
	ck_fails(firn_ledger_ask(ledger, "freeze", NULL, &second, &err), EFBIG);
	ck_ok(firn_ledger_note(ledger, change, "undone", NULL, &err));
	ck_assert_uint_eq(n_open(NULL), 0);
}
END_TEST

START_TEST(ids_are_those_that_have_a_ledger)
{
	autojson json_t *ids = NULL;

	put("b.jsonl", "");
	put("a.jsonl", "");
	put("other", "");
	put("t.jsonl.old", "");
	ck_ok(firn_ledger_ids_at(dir_fd, &ids, &err));
	ck_assert_uint_eq(json_array_size(ids), 2);
	ck_assert_str_eq(json_string_value(json_array_get(ids, 0)), "a");
	ck_assert_str_eq(json_string_value(json_array_get(ids, 1)), "b");
}
END_TEST

START_TEST(the_folder_is_made_and_must_be_ours)
{
	struct stat st;
	int fd = firn_ledger_folder(dir_fd, &err);

	ck_assert_msg(fd >= 0, "%s", err.text);
	close(fd);
	ck_assert_int_eq(fstatat(dir_fd, "firn/ledger", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(fchmodat(dir_fd, "firn", 0777, 0), 0);
	ck_fails(firn_ledger_folder(dir_fd, &err), EPERM);
	unlinkat(dir_fd, "firn/ledger", AT_REMOVEDIR);
	unlinkat(dir_fd, "firn", AT_REMOVEDIR);
	ck_assert_int_eq(symlinkat("/tmp", dir_fd, "firn"), 0);
	ck_assert_int_lt(firn_ledger_folder(dir_fd, &err), 0);
	unlinkat(dir_fd, "firn", 0);
}
END_TEST

START_TEST(somebody_is_always_the_operator)
{
	autofree char *name = NULL;

	ck_ok(firn_operator(&name, &err));
	ck_assert_uint_gt(strlen(name), 0);
	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "t", NULL, &err));
	ask("freeze");
	ck_assert_str_eq(
		firn_json_string(json_array_get(firn_ledger_lines(ledger), 0),
				 "operator", NULL),
		name);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ledger");
	TCase *tests = tcase_create("ledger");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, what_is_asked_is_in_the_file_before_it_returns);
	tcase_add_test(tests, a_change_is_open_until_it_is_undone_or_failed);
	tcase_add_test(tests,
		       an_open_change_tells_what_was_asked_and_what_was_noted);
	tcase_add_test(
		tests,
		a_line_of_another_boot_says_nothing_but_keeps_its_number);
	tcase_add_test(tests,
		       what_a_reboot_ended_is_told_until_it_is_forgotten);
	tcase_add_test(tests, a_line_cut_at_any_byte_leaves_the_others_whole);
	tcase_add_test(tests, only_a_private_regular_file_of_ours_is_a_ledger);
	tcase_add_test(tests, an_id_can_name_no_other_file);
	tcase_add_test(tests, a_second_firn_waits_for_the_first);
	tcase_add_test(tests, a_ledger_that_is_held_for_long_is_busy);
	tcase_add_test(tests,
		       whoever_joins_a_held_ledger_takes_no_number_twice);
	tcase_add_test(tests, a_look_makes_no_ledger_and_waits_for_nobody);
	tcase_add_test(tests,
		       a_child_that_outlives_firn_does_not_hold_the_ledger);
	tcase_add_test(tests, a_long_ledger_with_nothing_to_undo_is_set_aside);
	tcase_add_test(
		tests,
		a_full_ledger_begins_nothing_but_still_ends_what_was_begun);
	tcase_add_test(tests, ids_are_those_that_have_a_ledger);
	tcase_add_test(tests, the_folder_is_made_and_must_be_ours);
	tcase_add_test(tests, somebody_is_always_the_operator);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
