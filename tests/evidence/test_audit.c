/* The audit log: one chain, whatever happens to the node. */

#include "firn/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alone.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"

#define LOG FIRN_AUDIT_FOLDER "/audit.jsonl"
#define STOPS "/run/firn/stops.jsonl"
#define ASIDE FIRN_AUDIT_FOLDER "/audit-000001.jsonl"

static struct firn_err err;
static json_t *ada;

static void
setup(void)
{
	alone();
	ada = json_pack("{s:s, s:s, s:i}", "kind", "person", "name", "ada",
			"uid", 1000);
}

static void
teardown(void)
{
	json_decref(ada);
}

static void
add(const char *what)
{
	autojson json_t *details = json_pack("{s:s}", "what", what);

	ck_ok(firn_audit_add(ada, "allowed", details, &err));
}

/* As many bytes as a line may have. */
static int
try_large(void)
{
	char text[501];
	autojson json_t *details = json_object(), *list = json_array();

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 60; i++)
		json_array_append_new(list, json_string(text));
	json_object_set(details, "list", list);
	return firn_audit_add(ada, "denied", details, &err);
}

static char *
bytes(const char *path, size_t *ret_len)
{
	char *text = NULL;

	ck_ok(firn_read_at(AT_FDCWD, path, 64 << 20, &text, ret_len, &err));
	return text;
}

static void
put_bytes(const char *path, const char *text, size_t len)
{
	autoclose int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_ok(firn_write_all(fd, path, text, len, &err));
}

static json_t *
verify(void)
{
	json_t *result = NULL;

	ck_ok(firn_audit_verify(&result, &err));
	return result;
}

static bool
is_intact(void)
{
	autojson json_t *result = verify();

	return json_is_true(json_object_get(result, "intact"));
}

static json_int_t
n_lines(void)
{
	autojson json_t *result = verify();

	return json_integer_value(json_object_get(result, "n_lines"));
}

static void
fill_a_file(void)
{
	struct stat st;

	while (lstat(ASIDE, &st) < 0)
		ck_ok(try_large());
}

START_TEST(each_line_has_the_digest_of_the_one_before)
{
	struct stat st;

	add("one");
	add("two");
	add("three");
	ck_assert_int_eq(
		system("cd " FIRN_AUDIT_FOLDER
		       " && [ \"$(sed -n 2p audit.jsonl | tr -d '\\n' | "
		       "sha256sum | cut -c1-64)\" = \"$(sed -n 3p "
		       "audit.jsonl | jq -r .prev)\" ]"),
		0);
	ck_assert(is_intact());
	ck_assert_int_eq(n_lines(), 3);
	ck_assert_int_eq(stat(LOG, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(a_node_without_a_record_has_no_lines_and_gets_none_by_reading)
{
	autojson json_t *all = NULL;

	ck_ok(firn_audit_read(0, &all, &err));
	ck_assert_uint_eq(json_array_size(json_object_get(all, "lines")), 0);
	ck_assert(json_is_true(json_object_get(all, "intact")));
	ck_assert(json_is_null(json_object_get(all, "head")));
	ck_assert_int_eq(n_lines(), 0);
	ck_assert_int_lt(access(LOG, F_OK), 0);
}
END_TEST

START_TEST(a_changed_byte_shows_with_its_file_and_line)
{
	autojson json_t *result = NULL;
	autofree char *text = NULL;
	const json_t *first;
	size_t len, last;

	for (int i = 0; i < 3; i++)
		add("a line");
	text = bytes(LOG, &len);
	for (last = len - 1; text[last - 1] != '\n';)
		last--;
	/* Of the last line only the digest of the log's end tells; and where
	 * two lines have become one, something is torn. */
	for (size_t i = 0; i < last; i++) {
		autojson json_t *said = NULL;

		text[i] ^= 1;
		put_bytes(LOG, text, len);
		said = verify();
		ck_assert_msg(!json_is_true(json_object_get(said, "intact")) ||
				      json_object_get(said, "torn") != NULL,
			      "byte %zu", i);
		text[i] ^= 1;
	}
	*strstr(text, "a line") = 'A';
	put_bytes(LOG, text, len);
	result = verify();
	first = json_array_get(json_object_get(result, "failures"), 0);
	ck_assert_str_eq(firn_json_string(first, "file", NULL), "audit.jsonl");
	ck_assert_int_eq(json_integer_value(json_object_get(first, "line")), 2);
}
END_TEST

START_TEST(a_line_torn_at_any_byte_is_told_by_the_next)
{
	autofree char *text = NULL;
	size_t len, second;

	add("one");
	add("two");
	text = bytes(LOG, &len);
	second = (size_t)(strchr(text, '\n') - text) + 1;
	for (size_t at = second + 1; at < len; at++) {
		autofree char *now = NULL;
		size_t now_len;

		put_bytes(LOG, text, at);
		add("three");
		ck_assert_msg(is_intact(), "cut at %zu", at);
		ck_assert_int_eq(n_lines(), 3);
		now = bytes(LOG, &now_len);
		ck_assert_mem_eq(now, text, at);
	}
	/* And the very first. */
	for (size_t at = 1; at < second - 1; at++) {
		put_bytes(LOG, text, at);
		add("three");
		ck_assert_msg(is_intact(), "cut at %zu", at);
		ck_assert_int_eq(n_lines(), 2);
	}
}
END_TEST

START_TEST(what_is_set_aside_is_one_chain_with_what_follows)
{
	autojson json_t *whole = NULL;
	autofree char *text = NULL;
	struct stat st;
	size_t len;

	fill_a_file();
	ck_assert_int_eq(stat(ASIDE, &st), 0);
	ck_assert_int_ge(st.st_size, (off_t)FIRN_AUDIT_MAX);
	add("one");
	add("two");
	whole = verify();
	ck_assert(json_is_true(json_object_get(whole, "intact")));
	ck_assert_int_eq(json_integer_value(json_object_get(whole, "files")),
			 2);
	/* Its last line taken out. */
	text = bytes(ASIDE, &len);
	text[len - 1] = '\0';
	put_bytes(ASIDE, text, (size_t)(strrchr(text, '\n') - text) + 1);
	ck_assert(!is_intact());
	/* All of it taken away. */
	ck_assert_int_eq(unlink(ASIDE), 0);
	ck_assert(!is_intact());
}
END_TEST

START_TEST(one_that_died_before_the_next_file_was_begun_leaves_a_chain)
{
	fill_a_file();
	ck_assert_int_eq(unlink(LOG), 0);
	ck_assert(is_intact());
	add("one");
	ck_assert(is_intact());
	/* Or within its first line. */
	put_bytes(LOG, "{\"seq\":", 7);
	add("two");
	ck_assert(is_intact());
}
END_TEST

static unsigned long long
bytes_read(void)
{
	autofree char *text = NULL;

	ck_ok(firn_read_at(AT_FDCWD, "/proc/self/io", 4096, &text, NULL, &err));
	return strtoull(strstr(text, "rchar:") + 6, NULL, 10);
}

START_TEST(a_line_is_added_to_a_long_log_without_reading_it)
{
	unsigned long long before;

	for (int i = 0; i < 400; i++)
		ck_ok(try_large());
	add("one");
	before = bytes_read();
	add("two");
	ck_assert_uint_lt(bytes_read() - before, 256 << 10);
	ck_assert(is_intact());
}
END_TEST

START_TEST(many_at_once_lose_nothing)
{
	enum {
		WRITERS = 20,
		EACH = 10
	};

	for (int i = 0; i < WRITERS; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		for (int k = 0; k < EACH && pid == 0; k++)
			if (firn_audit_add(ada, "allowed", NULL, &err) < 0)
				_exit(1);
		if (pid == 0)
			_exit(0);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(n_lines(), WRITERS * EACH);
	ck_assert(is_intact());
}
END_TEST

START_TEST(many_at_once_set_it_aside_once)
{
	struct stat st;

	while (stat(LOG, &st) < 0 ||
	       st.st_size < (off_t)FIRN_AUDIT_MAX - (100 << 10))
		ck_ok(try_large());
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			_exit(try_large() < 0 || try_large() < 0);
	}
	for (int i = 0; i < 20; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert(is_intact());
	ck_assert_int_eq(stat(ASIDE, &st), 0);
	ck_assert_int_lt(access(FIRN_AUDIT_FOLDER "/audit-000002.jsonl", F_OK),
			 0);
}
END_TEST

/* Each line that was acknowledged is a byte in the pipe. */
START_TEST(a_writer_that_is_killed_loses_nothing_that_it_was_told)
{
	json_int_t told = 0;

	for (int i = 0; i < 40; i++) {
		const struct timespec pause = { .tv_nsec =
							1000000 + i * 77777 };
		int pipe_fd[2];
		char said[4096];
		ssize_t n;
		pid_t pid;

		ck_assert_int_eq(pipe(pipe_fd), 0);
		pid = fork();
		ck_assert_int_ge(pid, 0);
		while (pid == 0)
			if (firn_audit_add(ada, "allowed", NULL, &err) < 0 ||
			    write(pipe_fd[1], "x", 1) != 1)
				_exit(1);
		close(pipe_fd[1]);
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		while ((n = read(pipe_fd[0], said, sizeof(said))) > 0)
			told += n;
		close(pipe_fd[0]);
	}
	ck_assert_int_gt(told, 0);
	ck_assert(is_intact());
	ck_assert_int_ge(n_lines(), told);
}
END_TEST

START_TEST(a_full_disk_has_room_for_what_was_reserved_and_then_says_so)
{
	autofree char *before = NULL, *after = NULL;
	size_t before_len, after_len;
	char junk[4096] = "";
	int fd, n = 0;

	alone_in(FIRN_AUDIT_FOLDER, "1m");
	add("one");
	ck_ok(firn_audit_sync(&err));
	fd = open(FIRN_AUDIT_FOLDER "/junk", O_WRONLY | O_CREAT, 0600);
	while (write(fd, junk, sizeof(junk)) > 0)
		n++;
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(errno, ENOSPC);
	for (int i = 0; i < 100; i++)
		add("on a full disk");
	while (try_large() == 0)
		continue;
	ck_assert_int_eq(err.code, ENOSPC);
	ck_assert(is_intact());
	/* What failed has left nothing. */
	before = bytes(LOG, &before_len);
	ck_assert_int_eq(before[before_len - 1], '\n');
	ck_assert_int_lt(try_large(), 0);
	after = bytes(LOG, &after_len);
	ck_assert_uint_eq(before_len, after_len);
	close(fd);
	ck_assert_int_eq(unlink(FIRN_AUDIT_FOLDER "/junk"), 0);
	add("there is room again");
	ck_assert(is_intact());
}
END_TEST

START_TEST(nothing_that_is_named_can_break_a_line_or_make_it_too_long)
{
	autojson json_t *details = json_object(), *labels = json_object();
	autojson json_t *all = NULL, *recent = NULL, *huge = json_object();
	autofree char *name = malloc(2 << 20), *text = NULL;
	const json_t *line;
	size_t len;

	for (size_t i = 0; i + 1 < 2 << 20; i += 2)
		memcpy(name + i, "\xc3\xa4", 2);
	name[(2 << 20) - 1] = '\0';
	firn_json_text(details, "name", "a\n{\"seq\":9}\n\x1b[2J\xff\"\\");
	firn_json_bytes(details, "long", name, (2 << 20) - 2);
	json_object_set_new(details, "stops", json_true());
	json_object_set_new(labels, "up_s", json_string("1"));
	json_object_set_new(labels, "\"boot\":\"x", json_string("x"));
	json_object_set(details, "labels", labels);
	ck_ok(firn_audit_add(ada, "allowed", details, &err));
	ck_ok(firn_audit_recent(60, &recent, &err));
	ck_assert_uint_eq(json_array_size(recent), 1);
	for (int i = 0; i < 2000; i++) {
		char key[700];

		snprintf(key, sizeof(key), "%0699d", i);
		json_object_set_new(huge, key, json_string(key));
	}
	ck_ok(firn_audit_add(ada, "allowed", huge, &err));
	text = bytes(LOG, &len);
	ck_assert_uint_lt(len, 64 << 10);
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_ptr_null(strchr(text, '\x1b'));
	ck_assert(is_intact());
	ck_assert_int_eq(n_lines(), 2);
	ck_ok(firn_audit_read(0, &all, &err));
	line = json_array_get(json_object_get(all, "lines"), 1);
	ck_assert_int_gt(json_integer_value(firn_json_at(line, "details",
							 "left_out_bytes",
							 NULL)),
			 32 << 10);
}
END_TEST

static void
put_line(FILE *out, int seq, const char *boot, unsigned long long up_s)
{
	fprintf(out,
		"\n{\"seq\":%d,\"who\":null,\"action\":\"allowed\",\"details\":"
		"{\"stops\":true,\"boot\":\"%.8s\",\"up_s\":%llu}}\n",
		seq, boot, up_s);
}

START_TEST(how_long_ago_something_was_is_told_by_the_clock_since_boot)
{
	unsigned long long now = firn_boot_ns() / 1000000000;
	autojson json_t *lines = NULL;
	char boot[FIRN_BOOT_ID];
	FILE *out;

	ck_ok(firn_boot_id(boot, &err));
	out = fopen(STOPS, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(fchmod(fileno(out), 0600), 0);
	put_line(out, 1, "ffffffff", now);
	put_line(out, 2, boot, now - 150);
	put_line(out, 3, boot, now - 90);
	put_line(out, 5, boot, now - 10);
	fputs("\n{\"seq\":6,\"ti", out);
	ck_assert_int_eq(fclose(out), 0);
	ck_ok(firn_audit_recent(100, &lines, &err));
	ck_assert_uint_eq(json_array_size(lines), 2);
	ck_assert_int_eq(json_integer_value(
				 json_object_get(json_array_get(lines, 0),
						 "seq")),
			 5);
	ck_assert_int_eq(json_integer_value(
				 json_object_get(json_array_get(lines, 1),
						 "seq")),
			 3);
}
END_TEST

static void
add_stop(const char *what)
{
	autojson json_t *details =
		json_pack("{s:b, s:s}", "stops", 1, "what", what);

	ck_ok(firn_audit_add(ada, "allowed", details, &err));
}

START_TEST(only_what_stops_something_is_recent_and_a_torn_one_hides_none)
{
	autojson json_t *lines = NULL;
	autoclose int fd = -1;

	add("nothing");
	add_stop("one");
	fd = open(STOPS, O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_ok(firn_write_all(fd, STOPS, "\n{\"seq\":7,\"wh", 14, &err));
	add_stop("two");
	ck_ok(firn_audit_recent(60, &lines, &err));
	ck_assert_uint_eq(json_array_size(lines), 2);
	ck_assert_str_eq(firn_json_string(json_array_get(lines, 0), "details",
					  "what", NULL),
			 "two");
	ck_assert_int_eq(json_integer_value(
				 json_object_get(json_array_get(lines, 0),
						 "seq")),
			 3);
	ck_assert_str_eq(firn_json_string(json_array_get(lines, 1), "who",
					  "name", NULL),
			 "ada");
}
END_TEST

START_TEST(what_is_recent_is_found_in_the_file_set_aside_too)
{
	autojson json_t *lines = NULL;
	char text[501];
	size_t n = 0;
	struct stat st;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (; lstat(STOPS ".old", &st) < 0; n++)
		add_stop(text);
	ck_assert_int_eq(stat(STOPS, &st), 0);
	ck_assert_int_lt(st.st_size, 4096);
	ck_ok(firn_audit_recent(3600, &lines, &err));
	ck_assert_uint_eq(json_array_size(lines), n);
}
END_TEST

START_TEST(the_lines_since_a_time_are_read_without_the_files_before)
{
	autojson json_t *some = NULL, *all = NULL, *none = NULL;
	long long now;

	fill_a_file();
	/* Times are of whole seconds; time(2) lags behind the clock of lines.
	 */
	now = firn_now().tv_sec;
	while (firn_now().tv_sec <= now)
		usleep(10000);
	add("one");
	ck_ok(firn_audit_read(now + 1, &some, &err));
	ck_assert_uint_eq(json_array_size(json_object_get(some, "lines")), 1);
	ck_assert(json_is_true(json_object_get(some, "intact")));
	ck_ok(firn_audit_read(0, &all, &err));
	ck_assert_int_eq((json_int_t)json_array_size(
				 json_object_get(all, "lines")),
			 n_lines());
	ck_assert_str_eq(firn_json_string(all, "head", NULL),
			 firn_json_string(some, "head", NULL));
	ck_ok(firn_audit_read(now + 3600, &none, &err));
	ck_assert_uint_eq(json_array_size(json_object_get(none, "lines")), 0);
}
END_TEST

START_TEST(a_copy_of_one_file_is_checked_by_itself)
{
	autojson json_t *result = NULL, *later = NULL;
	autoclose int fd = -1, later_fd = -1;

	fill_a_file();
	add("one");
	fd = open(ASIDE, O_RDONLY | O_CLOEXEC);
	ck_ok(firn_audit_verify_file(fd, "copy", &result, &err));
	ck_assert(json_is_true(json_object_get(result, "intact")));
	ck_assert(json_is_null(json_object_get(result, "goes_on_from")));
	later_fd = open(LOG, O_RDONLY | O_CLOEXEC);
	ck_ok(firn_audit_verify_file(later_fd, "copy", &later, &err));
	ck_assert(json_is_true(json_object_get(later, "intact")));
	ck_assert_str_eq(firn_json_string(later, "goes_on_from", NULL),
			 firn_json_string(result, "head", NULL));
	ck_assert_int_eq(json_integer_value(json_object_get(later, "n_lines")),
			 1);
}
END_TEST

START_TEST(what_is_not_a_file_of_ours_is_refused)
{
	ck_assert_int_eq(symlink("/etc/passwd", LOG), 0);
	ck_fails(firn_audit_add(ada, "allowed", NULL, &err), ELOOP);
	ck_assert_int_eq(unlink(LOG), 0);
	ck_assert_int_eq(mkfifo(LOG, 0600), 0);
	ck_fails(firn_audit_add(ada, "allowed", NULL, &err), EPERM);
	ck_assert_int_eq(unlink(LOG), 0);
	put_bytes(LOG, "", 0);
	ck_assert_int_eq(chmod(LOG, 0644), 0);
	ck_fails(firn_audit_add(ada, "allowed", NULL, &err), EPERM);
	ck_assert_int_eq(unlink(LOG), 0);
	ck_assert_int_eq(chmod(FIRN_AUDIT_FOLDER, 0770), 0);
	ck_fails(firn_audit_add(ada, "allowed", NULL, &err), EPERM);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("audit");
	TCase *tcase = tcase_create("audit");

	skip_unless_root();
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 240);
	tcase_add_test(tcase, each_line_has_the_digest_of_the_one_before);
	tcase_add_test(
		tcase,
		a_node_without_a_record_has_no_lines_and_gets_none_by_reading);
	tcase_add_test(tcase, a_changed_byte_shows_with_its_file_and_line);
	tcase_add_test(tcase, a_line_torn_at_any_byte_is_told_by_the_next);
	tcase_add_test(tcase, what_is_set_aside_is_one_chain_with_what_follows);
	tcase_add_test(
		tcase,
		one_that_died_before_the_next_file_was_begun_leaves_a_chain);
	tcase_add_test(tcase, a_line_is_added_to_a_long_log_without_reading_it);
	tcase_add_test(tcase, many_at_once_lose_nothing);
	tcase_add_test(tcase, many_at_once_set_it_aside_once);
	tcase_add_test(tcase,
		       a_writer_that_is_killed_loses_nothing_that_it_was_told);
	tcase_add_test(
		tcase,
		a_full_disk_has_room_for_what_was_reserved_and_then_says_so);
	tcase_add_test(
		tcase,
		nothing_that_is_named_can_break_a_line_or_make_it_too_long);
	tcase_add_test(
		tcase,
		how_long_ago_something_was_is_told_by_the_clock_since_boot);
	tcase_add_test(
		tcase,
		only_what_stops_something_is_recent_and_a_torn_one_hides_none);
	tcase_add_test(tcase,
		       what_is_recent_is_found_in_the_file_set_aside_too);
	tcase_add_test(
		tcase,
		the_lines_since_a_time_are_read_without_the_files_before);
	tcase_add_test(tcase, a_copy_of_one_file_is_checked_by_itself);
	tcase_add_test(tcase, what_is_not_a_file_of_ours_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
