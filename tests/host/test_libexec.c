/* The programs that firn starts are its own. */

#include "host/libexec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "check.h"

static struct firn_err err;

START_TEST(a_program_is_found_beside_the_one_that_runs)
{
	autofree char *path = NULL;

	ck_ok(firn_libexec("test_libexec", &path, &err));
	ck_assert_int_eq(path[0], '/');
	ck_assert_int_eq(access(path, X_OK), 0);
}
END_TEST

START_TEST(where_a_missing_one_should_be_is_said)
{
	char *path = NULL;

	ck_fails(firn_libexec("firn-nobody", &path, &err), ENOENT);
	ck_assert_ptr_null(path);
	ck_assert_ptr_nonnull(strstr(err.text, "libexec/firn/firn-nobody"));
}
END_TEST

/* Nor is a folder of PATH, or the one that we are in, looked at. */
START_TEST(path_is_not_asked)
{
	char *path = NULL;

	ck_assert_int_eq(chdir("/bin"), 0);
	setenv("PATH", "/bin", 1);
	ck_fails(firn_libexec("true", &path, &err), ENOENT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("libexec");
	TCase *tcase = tcase_create("libexec");

	tcase_add_test(tcase, a_program_is_found_beside_the_one_that_runs);
	tcase_add_test(tcase, where_a_missing_one_should_be_is_said);
	tcase_add_test(tcase, path_is_not_asked);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
