#include "check.h"

#include <errno.h>

#include "base/duration.h"

static struct firn_err err;

START_TEST(a_number_and_a_unit_are_a_time)
{
	static const struct {
		const char *text;
		unsigned seconds;
	} given[] = { { "1s", 1 },     { "90s", 90 },
		      { "10m", 600 },  { "2h", 7200 },
		      { "1d", 86400 }, { "31d", FIRN_DURATION_MAX },
		      { "0010m", 600 } };

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		unsigned seconds = 0;

		ck_ok(firn_duration_parse(given[i].text, &seconds, &err));
		ck_assert_uint_eq(seconds, given[i].seconds);
	}
}
END_TEST

START_TEST(what_is_no_time_is_refused_and_changes_nothing)
{
	static const char *const wrong[] = {
		"",
		"10",
		"m",
		"0s",
		"-1s",
		"1.5h",
		"10M",
		"10 m",
		" 10m",
		"10ms",
		"1h30m",
		"32d",
		"99999999999999999999s",
		"4294967297s",
		"18446744073709551617s",
	};
	unsigned seconds = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_fails(firn_duration_parse(wrong[i], &seconds, &err), EINVAL);
	ck_assert_uint_eq(seconds, 7);
}
END_TEST

START_TEST(a_time_is_written_in_the_largest_unit_that_is_exact)
{
	static const struct {
		unsigned seconds;
		const char *text;
	} given[] = { { 1, "1s" },       { 90, "90s" },  { 600, "10m" },
		      { 5400, "90m" },   { 7200, "2h" }, { 86400, "1d" },
		      { 86460, "1441m" } };

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		char text[FIRN_DURATION_TEXT];

		firn_duration_text(given[i].seconds, text);
		ck_assert_str_eq(text, given[i].text);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("duration");
	TCase *tests = tcase_create("duration");

	tcase_add_test(tests, a_number_and_a_unit_are_a_time);
	tcase_add_test(tests, what_is_no_time_is_refused_and_changes_nothing);
	tcase_add_test(tests,
		       a_time_is_written_in_the_largest_unit_that_is_exact);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
