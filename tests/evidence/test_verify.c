/* Whatever happens to an archive, verify says so, and where. */

#include "evidence/fixture.h"

#include <sys/stat.h>

#include "base/json.h"
#include "base/text.h"

#define ARCHIVE "a.firn.tar.zst"

static unsigned char *whole;
static size_t whole_len;

/* Frames of the archive in `whole`, by its own seek table. */
static size_t frames[64], n_frames;

static uint32_t
le32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
	       (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void
load(const char *path)
{
	size_t at = 0, n;

	free(whole);
	ck_ok(firn_read_at(AT_FDCWD, path, 64 << 20, (char **)&whole,
			   &whole_len, &err));
	n = le32(whole + whole_len - 9);
	ck_assert_uint_lt(n, 60);
	for (size_t i = 0; i < n; i++) {
		frames[i] = at;
		at += le32(whole + whole_len - 9 - 8 * (n - i));
	}
	frames[n] = at; /* the seek table */
	frames[n + 1] = whole_len;
	n_frames = n + 1;
}

/* Three checkpoints, members before, between and behind them. */
static void
make(const char *path, size_t large)
{
	struct firn_err why = { .code = ESRCH, .text = "it's gone" };

	create(path);
	add_member("data/a", 100, 1);
	add_member("data/empty", 0, 1);
	ck_ok(firn_archive_checkpoint(archive, &err));
	add_member("data/b", 3000, 2);
	add_member("data/large", large, 3);
	firn_archive_gap(archive, "test", "what \xff", &why);
	ck_ok(firn_archive_checkpoint(archive, &err));
	add_member("data/c", 700, 4);
	seal();
}

static json_t *
verdict_on(const unsigned char *data, size_t len)
{
	autoclose int fd = open("changed", O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_ok(firn_write_all(fd, "changed", data, len, &err));
	return verdict_of("changed");
}

static void
expect_verdict(const json_t *found, const char *verdict, const char *when)
{
	autofree char *text = firn_json_line(found);

	ck_assert_msg(strcmp(firn_json_string(found, "verdict", NULL),
			     verdict) == 0,
		      "%s: not %s but %s", when, verdict, text);
}

static size_t
frame_of(size_t offset)
{
	size_t i = 0;

	while (i + 1 < n_frames && frames[i + 1] <= offset)
		i++;
	return i;
}

static bool
has_problem_in(const json_t *found, size_t frame)
{
	const json_t *problem;
	size_t i;

	json_array_foreach(json_object_get(found, "problems"), i, problem) {
		size_t offset = (size_t)json_integer_value(
			json_object_get(problem, "offset"));

		if (offset >= frames[frame] && offset < frames[frame + 1])
			return true;
	}
	return false;
}

static size_t
n_named(const json_t *found, const char *list)
{
	return json_array_size(firn_json_at(found, "members", list, NULL));
}

static size_t
n_whole(const json_t *found)
{
	return (size_t)json_integer_value(
		firn_json_at(found, "members", "whole", NULL));
}

START_TEST(an_archive_is_intact)
{
	autojson json_t *found = NULL;

	make(ARCHIVE, 3000000);
	found = verdict_of(ARCHIVE);
	expect_verdict(found, "intact", "untouched");
	ck_assert(json_is_true(json_object_get(found, "trusted")));
	ck_assert_str_eq(firn_json_string(found, "case", NULL), "CASE-1");
	ck_assert_str_eq(firn_json_string(found, "seal", NULL), sealed.seal);
	ck_assert_uint_eq(n_whole(found), sealed.members);
	ck_assert_uint_eq(n_named(found, "broken"), 0);
	ck_assert_uint_eq(n_named(found, "unsure"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(found, "gaps")), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(found, "problems")),
			  0);
}
END_TEST

START_TEST(a_flipped_bit_is_found_where_it_is)
{
	char when[64];

	make(ARCHIVE, 5000);
	load(ARCHIVE);
	/* Each byte, by turns another bit of it. */
	for (size_t at = 0; at < whole_len; at++) {
		unsigned char bit = (unsigned char)(1 << (at * 5 % 8));
		autojson json_t *found = NULL;

		whole[at] ^= bit;
		found = verdict_on(whole, whole_len);
		whole[at] ^= bit;
		snprintf(when, sizeof(when), "byte %zu of %zu, bit %02x", at,
			 whole_len, bit);
		expect_verdict(found, "damaged", when);
		if (!has_problem_in(found, frame_of(at))) {
			autofree char *text = firn_json_line(found);

			ck_abort_msg("%s: %s", when, text);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("verify");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 240);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_archive_is_intact);
	tcase_add_test(tcase, a_flipped_bit_is_found_where_it_is);
	return run_suite(suite);
}
