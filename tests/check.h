#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

/*
 * check -- what every test program of ours uses on top of Check.
 */

#include <check.h>
#include <stdlib.h>

#include "firn/err.h"

/* A call that should succeed; fails with the error's own words.  The caller's
 * `struct firn_err` is named err. */
#define ck_ok(call) ck_assert_msg((call) >= 0, "%s: %s", #call, err.text)

/* A call that should fail with this errno(3) value. */
#define ck_fails(call, expected)                                         \
	do {                                                             \
		err = (struct firn_err){ 0 };                            \
		ck_assert_msg((call) < 0, "%s did not fail", #call);     \
		ck_assert_msg(err.code == (expected), "%s: code %d: %s", \
			      #call, err.code, err.text);                \
	} while (0)

/* The body of main() for one test case. */
static inline int
run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
