/* Users and groups, as the node's own files have them. */

#include "host/accounts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/yaml.h"
#include "check.h"

static struct firn_err err;

START_TEST(root_is_uid_0_and_the_other_way_round)
{
	autofree char *name = NULL;
	uid_t uid = 1;
	gid_t gid = 1;

	ck_ok(firn_account_named("root", &uid, &gid, &err));
	ck_assert_uint_eq(uid, 0);
	ck_assert_uint_eq(gid, 0);
	ck_ok(firn_account_of(0, &name, &err));
	ck_assert_str_eq(name, "root");
}
END_TEST

START_TEST(a_user_that_is_not_there_is_enoent)
{
	uid_t uid;

	ck_fails(firn_account_named("no such user", &uid, NULL, &err), ENOENT);
	ck_fails(firn_account_named("", &uid, NULL, &err), ENOENT);
	ck_fails(firn_account_named("root:x", &uid, NULL, &err), ENOENT);
}
END_TEST

START_TEST(a_uid_without_a_name_is_told_by_its_number)
{
	autofree char *name = NULL;

	ck_ok(firn_account_of(3999999999u, &name, &err));
	ck_assert_str_eq(name, "uid:3999999999");
}
END_TEST

START_TEST(a_users_own_group_is_among_its_groups)
{
	struct firn_words groups = { 0 };
	bool found = false;

	ck_ok(firn_account_groups("root", &groups, &err));
	for (size_t i = 0; i < groups.n; i++)
		found |= strcmp(groups.items[i], "root") == 0;
	ck_assert(found);
	firn_words_free(&groups);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("accounts");
	TCase *cases = tcase_create("accounts");

	tcase_add_test(cases, root_is_uid_0_and_the_other_way_round);
	tcase_add_test(cases, a_user_that_is_not_there_is_enoent);
	tcase_add_test(cases, a_uid_without_a_name_is_told_by_its_number);
	tcase_add_test(cases, a_users_own_group_is_among_its_groups);
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
