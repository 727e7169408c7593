#include "check.h"

#include "assess/exposure/escapes.h"
#include "assess/exposure/version.h"

static struct firn_err err;

START_TEST(versions_are_compared_as_dpkg_does)
{
	/* As `dpkg --compare-versions` says of each pair: the first is less. */
	static const char *const pairs[][2] = {
		{ "1.0.0~rc93", "1.0.0" },
		{ "1.0.0~rc9", "1.0.0~rc10" },
		{ "1.1.5+ds1-1", "1.1.5+ds1-1+deb12u1" },
		{ "5.10.99", "5.10.102" },
		{ "1.0", "1.0a" },
		{ "1.0a", "1.0+" },
		{ "9", "10" },
		{ "1.2", "1.2.1" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		ck_assert_int_lt(firn_version_compare(pairs[i][0], pairs[i][1]),
				 0);
		ck_assert_int_gt(firn_version_compare(pairs[i][1], pairs[i][0]),
				 0);
		ck_assert_int_eq(firn_version_compare(pairs[i][0], pairs[i][0]),
				 0);
	}
	ck_assert_int_eq(firn_version_compare("1.02", "1.2"), 0);
}
END_TEST

START_TEST(each_branch_has_its_own_first_fixed_version)
{
	static const char *const fixed[] = { "5.10.102", "5.15.25", "5.16.11",
					     "5.17" };
	static const struct {
		const char *version;
		bool affected;
	} cases[] = {
		{ "5.7.19", false },   { "5.8", true },    { "5.10.101", true },
		{ "5.10.102", false }, { "5.11.5", true }, { "5.15.24", true },
		{ "5.16.11", false },  { "5.17", false },  { "6.1.0", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(firn_version_affected(cases[i].version, "5.8",
						    fixed,
						    4) == cases[i].affected,
			      "%s", cases[i].version);
}
END_TEST

START_TEST(the_escapes_that_ship_are_sound)
{
	struct firn_escapes escapes;

	ck_ok(firn_escapes_open(&escapes, &err));
	ck_assert_uint_gt(escapes.n, 10);
	for (size_t i = 0; i < escapes.n; i++) {
		const struct firn_escape *one = &escapes.items[i];

		ck_assert_uint_gt(one->fixed.n, 0);
		for (size_t k = 0; k < one->fixed.n; k++)
			ck_assert_msg(
				firn_version_compare(one->since,
						     one->fixed.items[k]) < 0,
				"%s", one->name);
	}
	firn_escapes_close(&escapes);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("version");
	TCase *tcase = tcase_create("version");

	tcase_add_test(tcase, versions_are_compared_as_dpkg_does);
	tcase_add_test(tcase, each_branch_has_its_own_first_fixed_version);
	tcase_add_test(tcase, the_escapes_that_ship_are_sound);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
