/* The custody record of a case: what stands in it stays, and shows if not. */

#include "firn/custody.h"

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

#define RECORD "CASE-1.custody.jsonl"

static struct firn_err err;
static char folder[64];
static int folder_fd = -1;

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-custody-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(folder_fd, 0);
}

static void
teardown(void)
{
	char command[96];

	close(folder_fd);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
add(const char *by, const char *what)
{
	autojson json_t *details = json_pack("{s:s}", "item", what);

	ck_ok(firn_custody_add(folder_fd, "CASE-1", by, "secret done", details,
			       &err));
}

static json_t *
read_record(void)
{
	json_t *record = NULL;

	ck_ok(firn_custody_read(folder_fd, "CASE-1", &record, &err));
	return record;
}

static size_t
count(const char *key)
{
	autojson json_t *record = read_record();

	return json_array_size(json_object_get(record, key));
}

static bool
is_intact(void)
{
	autojson json_t *record = read_record();

	return json_is_true(json_object_get(record, "intact"));
}

/* Two lines that have become one may have been torn, and are told so. */
static bool
shows(void)
{
	autojson json_t *record = read_record();

	return !json_is_true(json_object_get(record, "intact")) ||
	       json_object_get(record, "torn") != NULL;
}

static char *
bytes(size_t *ret_len)
{
	char *text = NULL;

	ck_ok(firn_read_at(folder_fd, RECORD, 1 << 20, &text, ret_len, &err));
	return text;
}

static void
put_bytes(const char *text, size_t len)
{
	autoclose int fd =
		openat(folder_fd, RECORD,
		       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_ok(firn_write_all(fd, RECORD, text, len, &err));
}

START_TEST(a_line_says_who_did_what_and_when)
{
	autojson json_t *record = NULL;
	const json_t *line;
	struct stat st;

	add("alice", "S-1");
	add(NULL, "S-2");
	record = read_record();
	line = json_array_get(json_object_get(record, "lines"), 0);
	ck_assert_str_eq(firn_json_string(line, "who", "said", NULL), "alice");
	ck_assert_int_eq(json_integer_value(
				 firn_json_at(line, "who", "uid", NULL)),
			 getuid());
	ck_assert_ptr_nonnull(firn_json_string(line, "who", "login", NULL));
	ck_assert_str_eq(firn_json_string(line, "action", NULL), "secret done");
	ck_assert_str_eq(firn_json_string(line, "details", "item", NULL),
			 "S-1");
	ck_assert_int_eq(firn_json_string(line, "time", NULL)[10], 'T');
	line = json_array_get(json_object_get(record, "lines"), 1);
	ck_assert_str_eq(firn_json_string(line, "who", "said", NULL),
			 firn_json_string(line, "who", "login", NULL));
	ck_assert_int_eq(fstatat(folder_fd, RECORD, &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(the_chain_is_what_sha256sum_says_of_the_line_before)
{
	char command[256];

	add("alice", "S-1");
	add("bob", "S-2");
	add("carol", "S-3");
	snprintf(command, sizeof(command),
		 "cd %s && [ \"$(sed -n 2p " RECORD
		 " | tr -d '\\n' | sha256sum | cut -c1-64)\" = "
		 "\"$(sed -n 3p " RECORD " | jq -r .prev)\" ]",
		 folder);
	ck_assert_int_eq(system(command), 0);
	ck_assert(is_intact());
}
END_TEST

START_TEST(a_case_without_a_record_has_no_lines)
{
	autojson json_t *record = read_record();

	ck_assert_uint_eq(json_array_size(json_object_get(record, "lines")), 0);
	ck_assert(json_is_true(json_object_get(record, "intact")));
	ck_assert(json_is_null(json_object_get(record, "head")));
	ck_assert_int_lt(faccessat(folder_fd, RECORD, F_OK, 0), 0);
}
END_TEST

START_TEST(a_changed_byte_shows_wherever_it_is)
{
	autofree char *text = NULL;
	size_t len, last;

	for (int i = 0; i < 4; i++)
		add("alice", "S-1");
	text = bytes(&len);
	last = len - 1;
	while (text[last - 1] != '\n')
		last--;
	/* In the last line only what binds it to the others is bound. */
	for (size_t i = 0; i < last; i++) {
		text[i] ^= 1;
		put_bytes(text, len);
		ck_assert_msg(shows(), "byte %zu", i);
		text[i] ^= 1;
	}
	put_bytes(text, len);
	ck_assert(is_intact());
}
END_TEST

START_TEST(a_line_that_was_taken_out_or_moved_shows)
{
	autofree char *text = NULL;
	char *second, *third, moved[4096];
	size_t len, a, b;

	for (int i = 0; i < 3; i++)
		add("alice", i == 1 ? "S-longer" : "S-1");
	text = bytes(&len);
	second = strchr(text, '\n') + 1;
	third = strchr(second, '\n') + 1;
	a = (size_t)(third - second);
	b = len - (size_t)(third - text);
	memcpy(moved, text, (size_t)(second - text));
	memcpy(moved + (second - text), third, b);
	put_bytes(moved, len - a);
	ck_assert(!is_intact());
	memcpy(moved + (second - text) + b, second, a);
	put_bytes(moved, len);
	ck_assert(!is_intact());
	put_bytes(text, len);
	ck_assert(is_intact());
}
END_TEST

START_TEST(the_digest_of_the_last_line_shows_what_was_cut_off)
{
	autojson json_t *before = NULL, *after = NULL;
	autofree char *text = NULL;
	size_t len;

	add("alice", "S-1");
	text = bytes(&len);
	add("alice", "S-2");
	before = read_record();
	put_bytes(text, len);
	after = read_record();
	ck_assert(json_is_true(json_object_get(after, "intact")));
	ck_assert_str_ne(firn_json_string(before, "head", NULL),
			 firn_json_string(after, "head", NULL));
}
END_TEST

START_TEST(a_line_torn_at_any_byte_is_told_and_left_as_it_is)
{
	autofree char *text = NULL;
	size_t len, second;

	add("alice", "S-1");
	add("alice", "S-2");
	text = bytes(&len);
	second = (size_t)(strchr(text, '\n') - text) + 1;
	for (size_t cut = second + 1; cut < len; cut++) {
		autofree char *now = NULL;
		bool whole = cut == len - 1; /* but for its newline */
		size_t now_len;

		put_bytes(text, cut);
		ck_assert_msg(is_intact(), "cut at %zu", cut);
		add("bob", "S-3");
		ck_assert_msg(is_intact(), "cut at %zu", cut);
		ck_assert_uint_eq(count("lines"), 3);
		now = bytes(&now_len);
		ck_assert_mem_eq(now, text, cut);
		ck_assert((strstr(now, "\"torn\"") != NULL) == !whole);
		/* And the fragment can't be changed either. */
		now[cut - 1] ^= 1;
		put_bytes(now, now_len);
		ck_assert_msg(!is_intact(), "cut at %zu", cut);
	}
}
END_TEST

START_TEST(a_line_whose_first_page_was_lost_is_torn_too)
{
	autofree char *text = NULL;
	size_t len;

	add("alice", "S-1");
	add("alice", "S-2");
	text = bytes(&len);
	memset(strchr(text, '\n') + 1, '\0', 40);
	put_bytes(text, len);
	add("bob", "S-3");
	add("bob", "S-4");
	ck_assert(is_intact());
	ck_assert_uint_eq(count("lines"), 4);
}
END_TEST

START_TEST(torn_twice_in_a_row_is_still_a_chain)
{
	autofree char *text = NULL;
	size_t len;

	add("alice", "S-1");
	add("alice", "S-2");
	text = bytes(&len);
	put_bytes(text, len - 20);
	free(firn_steal(text));
	add("bob", "S-3");
	text = bytes(&len);
	/* The one that was to tell of it has become torn itself. */
	*(strstr(text, "\"torn\"") + 8) = '\0';
	put_bytes(text, strlen(text));
	ck_assert(is_intact());
	add("carol", "S-4");
	ck_assert(is_intact());
	ck_assert_uint_eq(count("lines"), 3);
}
END_TEST

START_TEST(twenty_processes_add_and_nothing_is_lost)
{
	enum {
		WRITERS = 20,
		EACH = 10
	};
	pid_t pids[WRITERS];

	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		for (int k = 0; k < EACH && pids[i] == 0; k++) {
			if (firn_custody_add(folder_fd, "CASE-1", "crowd",
					     "secret done", NULL, &err) < 0)
				_exit(1);
		}
		if (pids[i] == 0)
			_exit(0);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(count("lines"), WRITERS * EACH);
	ck_assert(is_intact());
}
END_TEST

START_TEST(what_is_not_a_file_of_ours_is_refused)
{
	ck_assert_int_eq(symlinkat("elsewhere", folder_fd, RECORD), 0);
	ck_fails(firn_custody_add(folder_fd, "CASE-1", "a", "x", NULL, &err),
		 ELOOP);
	ck_assert_int_eq(unlinkat(folder_fd, RECORD, 0), 0);
	put_bytes("", 0);
	ck_assert_int_eq(fchmodat(folder_fd, RECORD, 0644, 0), 0);
	ck_fails(firn_custody_add(folder_fd, "CASE-1", "a", "x", NULL, &err),
		 EPERM);
	ck_fails(firn_custody_add(folder_fd, "../x", "a", "x", NULL, &err),
		 EINVAL);
	ck_fails(firn_custody_add(folder_fd, "CASE-2", "", "x", NULL, &err),
		 EINVAL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("custody");
	TCase *tcase = tcase_create("custody");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_line_says_who_did_what_and_when);
	tcase_add_test(tcase,
		       the_chain_is_what_sha256sum_says_of_the_line_before);
	tcase_add_test(tcase, a_case_without_a_record_has_no_lines);
	tcase_add_test(tcase, a_changed_byte_shows_wherever_it_is);
	tcase_add_test(tcase, a_line_that_was_taken_out_or_moved_shows);
	tcase_add_test(tcase,
		       the_digest_of_the_last_line_shows_what_was_cut_off);
	tcase_add_test(tcase,
		       a_line_torn_at_any_byte_is_told_and_left_as_it_is);
	tcase_add_test(tcase, a_line_whose_first_page_was_lost_is_torn_too);
	tcase_add_test(tcase, torn_twice_in_a_row_is_still_a_chain);
	tcase_add_test(tcase, twenty_processes_add_and_nothing_is_lost);
	tcase_add_test(tcase, what_is_not_a_file_of_ours_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
