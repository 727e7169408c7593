#include "check.h"

#include "assess/posture/posture.h"
#include "recorded.h"

/*
 * For each item, what is different from the recorded host where it has which
 * answer: tests/data/exposure/posture.json.
 */

static const char *
answer_of(const json_t *exposure, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(exposure, "posture"), i, item) {
		if (strcmp(firn_json_string(item, "item", NULL), name) != 0)
			continue;
		ck_assert_uint_gt(strlen(firn_json_string(item, "fact", NULL)),
				  0);
		return firn_json_string(item, "answer", NULL);
	}
	return NULL;
}

START_TEST(each_item_has_the_answers_that_it_ought_to_have)
{
	const char *name = firn_items[_i].name, *wanted;
	autojson json_t *all = recorded("posture");
	json_t *answers = json_object_get(all, name), *different;

	ck_assert_msg(json_object_size(answers) > 0, "%s has no case", name);
	json_object_foreach(answers, wanted, different) {
		autojson json_t *host = recorded_host(different);
		autojson json_t *exposure = recorded_judge(host);
		const char *answer = answer_of(exposure, name);

		ck_assert_msg(answer != NULL && strcmp(answer, wanted) == 0,
			      "%s: \"%s\", not \"%s\"", name, answer, wanted);
	}
}
END_TEST

START_TEST(of_nothing_nothing_can_be_told)
{
	autojson json_t *nothing = json_object();
	autojson json_t *exposure = recorded_judge(nothing);
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(exposure, "posture"), i, item) {
		ck_assert_str_eq(firn_json_string(item, "answer", NULL),
				 "can't tell");
	}
	ck_assert_uint_eq(i, firn_n_items);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("posture");
	TCase *tcase = tcase_create("posture");

	tcase_add_loop_test(tcase,
			    each_item_has_the_answers_that_it_ought_to_have, 0,
			    (int)firn_n_items);
	tcase_add_test(tcase, of_nothing_nothing_can_be_told);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
