/* What somebody may have meant: near enough to be a slip, and no guess. */

#include <string.h>

#include "base/closest.h"
#include "check.h"

static const char *const names[] = { "freeze", "isolate", "capture", "run",
				     "then",   "send",    "secrets", NULL };

static void
means(const char *word, const char *expected)
{
	const char *found = firn_closest(word, names);

	if (expected == NULL)
		ck_assert_ptr_null(found);
	else
		ck_assert_str_eq(found != NULL ? found : "none", expected);
}

START_TEST(a_slip_is_recognised)
{
	means("freze", "freeze");
	means("freezee", "freeze");
	means("freeez", "freeze");
	means("ioslate", "isolate");
	means("captuer", "capture");
	means("rnu", "run");
	means("secret", "secrets");
}
END_TEST

START_TEST(another_word_is_no_slip)
{
	char longer[FIRN_CLOSEST_MAX + 2];

	means("thaw", NULL);
	means("x", NULL);
	means("", NULL);
	means("quarantine", NULL);
	memset(longer, 'r', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	means(longer, NULL);
}
END_TEST

static Suite *
closest_suite(void)
{
	Suite *suite = suite_create("closest");
	TCase *cases = tcase_create("closest");

	tcase_add_test(cases, a_slip_is_recognised);
	tcase_add_test(cases, another_word_is_no_slip);
	suite_add_tcase(suite, cases);
	return suite;
}

int
main(void)
{
	return run_suite(closest_suite());
}
