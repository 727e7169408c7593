#include "check.h"

#include <errno.h>
#include <string.h>

static struct firn_err err;

START_TEST(a_failure_reads_from_the_outside_in)
{
	errno = EACCES;
	ck_assert_int_eq(firn_err_sys(&err, "open %s", "cgroup.freeze"), -1);
	ck_assert_int_eq(firn_err_in(&err, "freeze %s", "web-1"), -1);
	ck_assert_int_eq(err.code, EACCES);
	ck_assert_str_eq(err.text,
			 "freeze web-1: open cgroup.freeze: Permission denied");
}
END_TEST

START_TEST(a_name_with_an_escape_sequence_is_safe_in_a_message)
{
	firn_err_set(&err, ESRCH, "no container \"%s\"", "x\033]0;owned\a\n");
	ck_assert_str_eq(err.text, "no container \"x\\x1b]0;owned\\x07\\x0a\"");
}
END_TEST

START_TEST(a_message_that_is_too_long_is_cut_not_overrun)
{
	char name[4 * FIRN_ERR_TEXT];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	errno = ENOENT;
	firn_err_sys(&err, "open %s", name);
	for (int i = 0; i < 10; i++)
		firn_err_in(&err, "again and again");
	ck_assert_uint_lt(strlen(err.text), FIRN_ERR_TEXT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("err");
	TCase *tcase = tcase_create("err");

	tcase_add_test(tcase, a_failure_reads_from_the_outside_in);
	tcase_add_test(tcase,
		       a_name_with_an_escape_sequence_is_safe_in_a_message);
	tcase_add_test(tcase, a_message_that_is_too_long_is_cut_not_overrun);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
