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

START_TEST(a_name_without_a_registry_is_of_the_usual_one)
{
	static const struct {
		const char *image, *answer;
	} cases[] = {
		{ "nginx", "pass" },
		{ "nginx:1.25@sha256:00", "pass" },
		{ "library/nginx:1", "pass" },
		{ "someone/nginx", "fail" },
		{ "localhost/nginx", "fail" },
		{ "registry.example.org/a/b:1", "pass" },
		{ "registry.example.org.evil/a", "fail" },
		{ "registry.example.org:5000/a", "fail" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autojson json_t *host = recorded("host");
		autojson json_t *exposure = NULL;

		json_object_set_new(host, "data/runtime/config.v2.json",
				    json_pack("{s:{s:s}}", "Config", "Image",
					      cases[i].image));
		json_object_set_new(host, "data/host/policy.yaml",
				    json_string("posture:\n  registries: "
						"[registry.example.org, "
						"'docker.io/library/*']\n"));
		exposure = recorded_judge(host);
		ck_assert_msg(strcmp(answer_of(exposure, "approved-registry"),
				     cases[i].answer) == 0,
			      "%s", cases[i].image);
	}
}
END_TEST

START_TEST(a_broken_policy_is_told)
{
	static const char *const policies[] = {
		"posture: {registries: [*x]}\n",
		"posture: {registries: 1}\n",
		"hello\n",
		"",
		"[1, 2]\n",
		"posture: [1]\n",
		"posture:\n",
	};

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		autojson json_t *host = recorded("host");
		autojson json_t *exposure = NULL;

		json_object_set_new(host, "data/runtime/config.v2.json",
				    json_pack("{s:{s:s}}", "Config", "Image",
					      "nginx"));
		json_object_set_new(host, "data/host/policy.yaml",
				    json_string(policies[i]));
		exposure = recorded_judge(host);
		ck_assert_str_eq(answer_of(exposure, "approved-registry"),
				 "can't tell");
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
	tcase_add_test(tcase, a_name_without_a_registry_is_of_the_usual_one);
	tcase_add_test(tcase, a_broken_policy_is_told);
	tcase_add_test(tcase, of_nothing_nothing_can_be_told);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
