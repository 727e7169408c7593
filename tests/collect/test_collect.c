#include "collect/fixture.h"

START_TEST(the_most_fleeting_come_first)
{
	size_t n;
	const struct firn_collector *const *all = firn_collectors(&n);

	ck_assert_uint_eq(n, 9);
	for (size_t i = 1; i < n; i++)
		ck_assert_int_le(all[i - 1]->volatility, all[i]->volatility);
}
END_TEST

START_TEST(every_collector_says_what_it_is)
{
	size_t n;
	const struct firn_collector *const *all = firn_collectors(&n);

	for (size_t i = 0; i < n; i++) {
		ck_assert_ptr_nonnull(all[i]->name);
		ck_assert_ptr_nonnull(all[i]->summary);
		ck_assert_ptr_nonnull(all[i]->source);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(all[i]->name, all[k]->name);
	}
}
END_TEST

START_TEST(a_name_that_is_none_is_refused_before_anything_is_read)
{
	const struct firn_collection what = { 0 };
	const char *const wrong[] = { "host", "hostt" };
	const char *const later[] = { "memory" };

	ck_fails(firn_collect(&target, &what, wrong, 2, archive, &err), EINVAL);
	ck_assert_str_eq(err.text, "hostt is not a collector");
	ck_fails(firn_collect(&target, &what, later, 1, archive, &err),
		 ENOTSUP);
	ck_ok(firn_archive_seal(archive, &sealed, &err));
	run("tar --zstd -xf case.firn.tar.zst && test ! -e CASE/data/host");
}
END_TEST

START_TEST(only_those_that_were_named_run_each_with_a_checkpoint)
{
	const struct firn_collection what = { 0 };
	const char *const only[] = { "host", "processes" };

	ck_ok(firn_collect(&target, &what, only, 2, archive, &err));
	ck_ok(firn_archive_seal(archive, &sealed, &err));
	run("tar --zstd -xf case.firn.tar.zst && test -d CASE/data/host && "
	    "test -d CASE/data/processes && test ! -e CASE/data/logs && "
	    "test $(ls CASE/journal | wc -l) -ge 2");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		the_most_fleeting_come_first,
		every_collector_says_what_it_is,
		a_name_that_is_none_is_refused_before_anything_is_read,
		only_those_that_were_named_run_each_with_a_checkpoint,
	};

	return run_suite(
		suite_of("collect", tests, sizeof(tests) / sizeof(tests[0])));
}
