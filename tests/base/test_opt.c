#include "check.h"

#include <errno.h>
#include <string.h>

#include "base/opt.h"

static struct firn_err err;
static bool json;
static unsigned timeout_ms;
static const char *output;
static struct firn_strings allow;

static const struct firn_opt opts[] = {
	{ 'j', "json", NULL, "print JSON", .flag = &json },
	{ 't', "timeout", "MS", "give up after MS", .number = &timeout_ms },
	{ 'o', "output", "FILE", "where to", .string = &output },
	{ 0, "allow", "CIDR", "let through", .list = &allow },
	{ 0 },
};

static char line[256];
static char *argv[16];

/* `words` stand as on a command line, with one blank between them. */
static int
parse(const char *words)
{
	char *rest = line;
	int argc = 0;

	json = false;
	timeout_ms = 0;
	output = NULL;
	allow.n = 0;
	err = (struct firn_err){ 0 };
	snprintf(line, sizeof(line), "firn %s", words);
	while ((argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	return firn_opt_parse(opts, argc, argv, &err);
}

START_TEST(options_and_operands_mix)
{
	ck_assert_int_eq(parse("a -j b --timeout=20 -ofile -- -c"), 3);
	ck_assert_str_eq(argv[0], "a");
	ck_assert_str_eq(argv[1], "b");
	ck_assert_str_eq(argv[2], "-c");
	ck_assert(json);
	ck_assert_uint_eq(timeout_ms, 20);
	ck_assert_str_eq(output, "file");
}
END_TEST

START_TEST(a_lone_dash_is_an_operand_and_a_value)
{
	ck_assert_int_eq(parse("- -o -"), 1);
	ck_assert_str_eq(argv[0], "-");
	ck_assert_str_eq(output, "-");
}
END_TEST

START_TEST(a_list_takes_each_use)
{
	ck_assert_int_eq(parse("--allow 10.0.0.1 --allow=::1"), 0);
	ck_assert_uint_eq(allow.n, 2);
	ck_assert_str_eq(allow.items[1], "::1");
}
END_TEST

START_TEST(a_name_must_be_whole)
{
	ck_assert_int_eq(parse("--tim 3"), -1);
	ck_assert_int_eq(err.code, EINVAL);
	ck_assert_int_eq(parse("--json=yes"), -1);
	ck_assert_int_eq(parse("--timeout"), -1);
	ck_assert_int_eq(parse("--timeout 3s"), -1);
	ck_assert_int_eq(parse("--timeout 4294967296"), -1);
	ck_assert_int_eq(parse("-x"), -1);
	ck_assert_int_eq(parse("-o a -o b"), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("opt");
	TCase *tcase = tcase_create("opt");

	tcase_add_test(tcase, options_and_operands_mix);
	tcase_add_test(tcase, a_lone_dash_is_an_operand_and_a_value);
	tcase_add_test(tcase, a_list_takes_each_use);
	tcase_add_test(tcase, a_name_must_be_whole);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
