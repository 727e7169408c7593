#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assess/rules/rules.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"

static struct firn_err err;
static struct firn_secret_rules *rules;
static char folder[64];

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-rules-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
teardown(void)
{
	char command[96];

	firn_secret_rules_close(&rules);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
write_rules(const char *name, const char *text)
{
	char path[128];
	autoclose int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_ok(firn_write_all(fd, path, text, strlen(text), &err));
}

static int
open_rules(void)
{
	const char *const folders[] = { folder };

	return firn_secret_rules_open(&rules, folders, 1, &err);
}

static json_t *
checked(void)
{
	json_t *result = NULL;

	ck_ok(firn_secret_rules_check(rules, &result, &err));
	return result;
}

static size_t
count(const json_t *result, const char *key)
{
	return (size_t)json_integer_value(json_object_get(result, key));
}

/* The file, line and column of a rule that is wrong. */
static void
ck_wrong_at(const char *text, const char *place)
{
	char expected[128];

	write_rules("wrong.yaml", text);
	ck_fails(open_rules(), EBADMSG);
	snprintf(expected, sizeof(expected), "%s/wrong.yaml:%s: ", folder,
		 place);
	ck_assert_msg(strncmp(err.text, expected, strlen(expected)) == 0,
		      "%s is not at %s", err.text, expected);
}

START_TEST(every_rule_that_ships_passes_its_own_samples)
{
	autojson json_t *result = NULL;
	autofree char *line = NULL;

	ck_ok(firn_secret_rules_open(&rules, NULL, 0, &err));
	result = checked();
	line = firn_json_line(result);
	ck_assert_uint_ge(count(result, "rules"), 400);
	ck_assert_uint_ge(count(result, "samples"), 900);
	ck_assert_msg(json_array_size(json_object_get(result, "failures")) == 0,
		      "%s", line);
}
END_TEST

START_TEST(a_sample_that_does_not_hold_is_a_failure_that_names_the_rule)
{
	autojson json_t *result = NULL;
	const json_t *failures;

	write_rules("own.yaml", "rules:\n"
				"  - name: own\n"
				"    title: Own\n"
				"    priority: P3\n"
				"    guide: github-token\n"
				"    keywords: ['own-']\n"
				"    pattern: 'own-[0-9]{4}'\n"
				"    match: ['own-12', 'own-1234']\n"
				"    no_match: ['own-5678']\n");
	ck_ok(open_rules());
	result = checked();
	failures = json_object_get(result, "failures");
	ck_assert_uint_eq(json_array_size(failures), 2);
	ck_assert_str_eq(firn_json_string(json_array_get(failures, 0), "rule",
					  NULL),
			 "own");
}
END_TEST

START_TEST(a_rule_of_the_same_name_replaces_the_one_before)
{
	autojson json_t *before = NULL, *after = NULL;

	ck_ok(firn_secret_rules_open(&rules, NULL, 0, &err));
	before = checked();
	firn_secret_rules_close(&rules);
	write_rules("own.yaml", "rules:\n"
				"  - name: github-token\n"
				"    title: Ours\n"
				"    priority: P3\n"
				"    guide: github-token\n"
				"    keywords: ['ghp_']\n"
				"    pattern: 'ghp_[0-9]{4}'\n");
	ck_ok(open_rules());
	after = checked();
	ck_assert_uint_eq(count(after, "rules"), count(before, "rules"));
	ck_assert_uint_lt(count(after, "samples"), count(before, "samples"));
}
END_TEST

START_TEST(a_guide_may_stand_in_another_file_than_its_rule)
{
	const struct firn_rule *rule;

	write_rules("a.yaml", "rules:\n"
			      "  - name: own\n"
			      "    title: Own\n"
			      "    priority: P3\n"
			      "    guide: ours\n"
			      "    keywords: ['own-']\n"
			      "    pattern: 'own-[0-9]{4}'\n");
	write_rules("b.yaml", "guides:\n"
			      "  - name: ours\n"
			      "    provider: Us\n"
			      "    rotate: anew\n"
			      "    first: replace\n"
			      "    ends: expiry\n"
			      "    mints: true\n");
	ck_ok(open_rules());
	rule = firn_rule_named(rules, "own");
	ck_assert_ptr_nonnull(rule);
	ck_assert_str_eq(rule->provider, "Us");
	ck_assert_str_eq(rule->guide->rotate, "anew");
	ck_assert_int_eq(rule->guide->first, FIRN_FIRST_REPLACE);
	ck_assert_int_eq(rule->guide->ends, FIRN_ENDS_EXPIRY);
	ck_assert(rule->guide->mints);
	ck_assert(!rule->guide->checked);
	ck_assert_ptr_null(firn_rule_named(rules, "owl"));
}
END_TEST

START_TEST(a_rule_whose_guide_is_nowhere_is_refused)
{
	write_rules("own.yaml", "rules:\n"
				"  - name: own\n"
				"    title: Own\n"
				"    priority: P3\n"
				"    guide: nowhere\n"
				"    names: ['OWN']\n");
	ck_fails(open_rules(), EBADMSG);
	ck_assert_str_eq(err.text, "rule own: there is no guide \"nowhere\"");
}
END_TEST

START_TEST(a_rule_that_is_wrong_is_named_by_file_line_and_column)
{
	ck_wrong_at("rules:\n  - name: own\n    titel: Own\n", "3:5");
	ck_wrong_at("rules:\n"
		    "  - name: own\n"
		    "    title: Own\n"
		    "    priority: P9\n"
		    "    guide: github-token\n"
		    "    pattern: own\n",
		    "4:15");
	ck_wrong_at("rules:\n"
		    "  - name: own\n"
		    "    title: Own\n"
		    "    priority: P1\n"
		    "    guide: github-token\n"
		    "    pattern: 'own('\n",
		    "6:15");
	/* Without a keyword nothing could be found fast. */
	ck_wrong_at("rules:\n"
		    "  - name: own\n"
		    "    title: Own\n"
		    "    priority: P1\n"
		    "    guide: github-token\n"
		    "    pattern: 'own'\n",
		    "2:5");
	ck_wrong_at("rules:\n"
		    "  - name: own\n"
		    "    title: Own\n"
		    "    priority: P1\n"
		    "    guide: github-token\n"
		    "    names: ['OWN']\n"
		    "    valid: nothing\n",
		    "7:12");
}
END_TEST

START_TEST(text_that_is_no_yaml_is_refused_with_its_place)
{
	char expected[128];

	write_rules("wrong.yaml", "rules:\n  - name: [own\n");
	ck_fails(open_rules(), EBADMSG);
	snprintf(expected, sizeof(expected), "%s/wrong.yaml:", folder);
	ck_assert_ptr_nonnull(strstr(err.text, expected));
}
END_TEST

START_TEST(aliases_tags_and_second_documents_are_refused)
{
	write_rules("wrong.yaml", "rules: &a\n  - *a\n");
	ck_fails(open_rules(), EBADMSG);
	write_rules("wrong.yaml", "rules: !!seq []\n");
	ck_fails(open_rules(), EBADMSG);
	write_rules("wrong.yaml", "rules: []\n---\nrules: []\n");
	ck_fails(open_rules(), EBADMSG);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_an_error)
{
	const char *const folders[] = { "/var/tmp/firn-rules-none" };

	ck_fails(firn_secret_rules_open(&rules, folders, 1, &err), ENOENT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tcase = tcase_create("rules");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, every_rule_that_ships_passes_its_own_samples);
	tcase_add_test(
		tcase,
		a_sample_that_does_not_hold_is_a_failure_that_names_the_rule);
	tcase_add_test(tcase, a_rule_of_the_same_name_replaces_the_one_before);
	tcase_add_test(tcase,
		       a_rule_that_is_wrong_is_named_by_file_line_and_column);
	tcase_add_test(tcase, a_guide_may_stand_in_another_file_than_its_rule);
	tcase_add_test(tcase, a_rule_whose_guide_is_nowhere_is_refused);
	tcase_add_test(tcase, text_that_is_no_yaml_is_refused_with_its_place);
	tcase_add_test(tcase, aliases_tags_and_second_documents_are_refused);
	tcase_add_test(tcase, a_folder_that_is_not_there_is_an_error);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
