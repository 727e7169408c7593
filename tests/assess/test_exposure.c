#include "check.h"

#include "assess/exposure/checks.h"
#include "recorded.h"

/*
 * For each check, what is different from the recorded host where it fires, and
 * where it doesn't: tests/data/exposure/NAME.json.
 */

static const json_t *
reason_of(const json_t *exposure, const char *check, const char *fact)
{
	const json_t *reason;
	size_t i;

	json_array_foreach(json_object_get(exposure, "reasons"), i, reason) {
		const char *one = firn_json_string(reason, "check", NULL);
		const char *text = firn_json_string(reason, "fact", NULL);

		if (strcmp(one, check) == 0 &&
		    (fact == NULL || strstr(text, fact) != NULL))
			return reason;
	}
	return NULL;
}

START_TEST(every_check_fires_where_it_should_and_not_where_it_should_not)
{
	const char *name = firn_checks[_i].name;
	autojson json_t *both = recorded(name);
	const json_t *fires = json_object_get(both, "fires");
	autojson json_t *there = recorded_host(fires);
	autojson json_t *elsewhere =
		recorded_host(json_object_get(both, "quiet"));
	autojson json_t *found = recorded_judge(there);
	autojson json_t *quiet = recorded_judge(elsewhere);
	const char *fact = firn_json_string(fires, "fact", NULL);
	const char *said = firn_json_string(found, "verdict", NULL);
	const char *wanted = firn_json_string(fires, "verdict", NULL);
	autofree char *all = json_dumps(found, JSON_INDENT(1));

	ck_assert_msg(reason_of(found, name, fact) != NULL,
		      "%s did not find \"%s\" in: %s", name, fact, all);
	ck_assert_msg(strcmp(said, wanted) == 0, "%s: \"%s\", not \"%s\": %s",
		      name, said, wanted, all);
	/* The user namespace is the one note that a usual container has. */
	ck_assert_msg(reason_of(quiet, name, fact) == NULL,
		      "%s fired where all is well", name);
}
END_TEST

START_TEST(a_usual_container_is_no_sign_and_nothing_is_unknown)
{
	autojson json_t *host = recorded("host");
	autojson json_t *exposure = recorded_judge(host);
	autofree char *all = json_dumps(exposure, JSON_INDENT(1));

	ck_assert_msg(strcmp(firn_json_string(exposure, "verdict", NULL),
			     "no sign") == 0,
		      "%s", all);
	ck_assert_msg(json_array_size(json_object_get(exposure, "unknown")) ==
			      0,
		      "%s", all);
	ck_assert_uint_eq(json_array_size(json_object_get(exposure, "gaps")),
			  0);
}
END_TEST

START_TEST(what_was_not_captured_is_said_to_be_unknown)
{
	autojson json_t *nothing = json_object();
	autojson json_t *exposure = recorded_judge(nothing);
	autofree char *markdown = firn_exposure_markdown(exposure);

	ck_assert_uint_gt(json_array_size(json_object_get(exposure, "unknown")),
			  20);
	ck_assert_ptr_nonnull(strstr(markdown, "Could not be told"));
}
END_TEST

START_TEST(reasons_stand_strongest_first)
{
	autojson json_t *both = recorded("host-file");
	autojson json_t *host = recorded_host(json_object_get(both, "fires"));
	autojson json_t *exposure = recorded_judge(host);
	json_int_t before = 100;
	const json_t *reason;
	size_t i;

	json_array_foreach(json_object_get(exposure, "reasons"), i, reason) {
		json_int_t weight =
			json_integer_value(json_object_get(reason, "weight"));

		ck_assert_int_le(weight, before);
		before = weight;
	}
	ck_assert_int_lt(before, FIRN_POSSIBLE);
}
END_TEST

/* An archive may come from anywhere: each value is made one of another kind in
 * turn. */
static void
spoil(json_t *host, json_t *json, unsigned *n, unsigned at)
{
	json_t *value;
	const char *key;
	size_t i;

	json_object_foreach(json, key, value) {
		if ((*n)++ == at) {
			json_object_set_new(json, key,
					    at % 3 == 0   ? json_integer(-1)
					    : at % 3 == 1 ? json_array()
							  : json_string("/"));
			return;
		}
		spoil(host, value, n, at);
	}
	json_array_foreach(json, i, value) {
		spoil(host, value, n, at);
	}
}

START_TEST(facts_of_the_wrong_kind_are_survived)
{
	for (unsigned at = 0; at < 260; at++) {
		autojson json_t *both = recorded("new-container");
		autojson json_t *host =
			recorded_host(json_object_get(both, "fires"));
		autojson json_t *exposure = NULL;
		unsigned n = 0;

		spoil(host, host, &n, at);
		exposure = recorded_judge(host);
		ck_assert_ptr_nonnull(
			firn_json_string(exposure, "verdict", NULL));
	}
}
END_TEST

START_TEST(a_broken_line_and_a_huge_member_are_gaps)
{
	autojson json_t *host = recorded("host");
	autojson json_t *exposure = NULL;
	autofree char *huge = malloc((9u << 20) + 1);
	size_t i;
	const json_t *gap;
	unsigned seen = 0;

	memset(huge, ' ', 9u << 20);
	huge[9u << 20] = '\0';
	json_object_set_new(host, "data/host/hidden.jsonl",
			    json_string("{\"pid\": 1\n"));
	json_object_set_new(host, "data/host/bpf.jsonl", json_string(huge));
	exposure = recorded_judge(host);
	json_array_foreach(json_object_get(exposure, "gaps"), i, gap) {
		const char *what = firn_json_string(gap, "what", NULL);

		seen += strcmp(what, "data/host/hidden.jsonl") == 0 ||
			strcmp(what, "data/host/bpf.jsonl") == 0;
	}
	ck_assert_uint_eq(seen, 2);
}
END_TEST

START_TEST(a_word_is_heard_wherever_a_block_is_cut)
{
	static const char log[] = "GET / 200\nconnect stratum+tcp://x:3333\n"
				  "cat /root/.aws/credentials\n";
	const size_t len = sizeof(log) - 1;

	for (size_t cut = 0; cut <= len; cut++) {
		struct firn_facts facts;

		ck_ok(firn_facts_open(&facts, &err));
		firn_facts_take(&facts, "data/logs/container.log", log, cut);
		firn_facts_take(&facts, "data/logs/container.log", log + cut,
				len - cut);
		ck_assert_uint_eq(json_array_size(facts.words.seen), 2);
		firn_facts_close(&facts);
	}
	/* Byte by byte, too; and what two members share is no word. */
	{
		struct firn_facts facts;

		ck_ok(firn_facts_open(&facts, &err));
		for (size_t i = 0; i < len; i++)
			firn_facts_take(&facts, "data/logs/a", log + i, 1);
		ck_assert_uint_eq(json_array_size(facts.words.seen), 2);
		firn_facts_take(&facts, "data/logs/b", "stratum+", 8);
		firn_facts_take(&facts, "data/logs/c", "tcp://", 6);
		ck_assert_uint_eq(json_array_size(facts.words.seen), 2);
		firn_facts_close(&facts);
	}
}
END_TEST

START_TEST(what_a_miner_says_makes_exposure_possible)
{
	autojson json_t *host = recorded("host");
	autojson json_t *exposure = NULL;

	json_object_set_new(host, "data/network/queues/9.send",
			    json_string("{\"id\":1,\"method\":\"login\","
					"\"params\":{\"login\":\"x\"}}"));
	exposure = recorded_judge(host);
	ck_assert_str_eq(firn_json_string(exposure, "verdict", NULL),
			 "possible");
	ck_assert_ptr_nonnull(
		reason_of(exposure, "mining", "data/network/queues/9.send"));
}
END_TEST

/* From which verdict on a node is called exposed is the team's to say. */
static const struct {
	const char *policy, *from;
	bool possible, presumed; /* is that exposed? */
	size_t gaps;
} thresholds[] = {
	{ NULL, "presume exposed", false, true, 0 },
	{ "# nothing\n", "presume exposed", false, true, 0 },
	{ "node: {}\n", "presume exposed", false, true, 0 },
	{ "node: {exposed-from: possible}\n", "possible", true, true, 0 },
	{ "node: {exposed-from: presume exposed}\n", "presume exposed", false,
	  true, 0 },
	{ "node: {exposed-from: likely}\n", "presume exposed", false, true, 1 },
	{ "node: [", "presume exposed", false, true, 1 },
};

static void
judge_by(const char *policy, const char *check, size_t i, bool exposed)
{
	autojson json_t *both = recorded(check);
	autojson json_t *host = recorded_host(json_object_get(both, "fires"));
	autojson json_t *exposure = NULL;

	if (policy != NULL)
		json_object_set_new(host, "data/host/policy.yaml",
				    json_string(policy));
	exposure = recorded_judge(host);
	ck_assert_int_eq(json_is_true(json_object_get(exposure, "exposed")),
			 exposed);
	ck_assert_str_eq(firn_json_string(exposure, "exposed_from", NULL),
			 thresholds[i].from);
	ck_assert_uint_eq(json_array_size(json_object_get(exposure, "gaps")),
			  thresholds[i].gaps);
}

START_TEST(the_policy_says_from_when_on_a_node_is_exposed)
{
	const char *policy = thresholds[_i].policy;

	judge_by(policy, "capabilities", (size_t)_i, thresholds[_i].possible);
	judge_by(policy, "new-container", (size_t)_i, thresholds[_i].presumed);
}
END_TEST

START_TEST(hostile_names_are_no_markup)
{
	autojson json_t *host = recorded("host");
	autojson json_t *exposure = NULL;
	autofree char *markdown = NULL;
	json_t *process = json_array_get(
		json_object_get(host, "data/processes/processes.jsonl"), 0);

	json_object_set_new(process, "comm",
			    json_string("\x1b[2J](http://x)\n# ok"));
	json_object_set_new(process, "findings",
			    json_pack("[s]", "outside_cgroup"));
	exposure = recorded_judge(host);
	markdown = firn_exposure_markdown(exposure);
	ck_assert_ptr_null(strchr(markdown, '\x1b'));
	ck_assert_ptr_null(strstr(markdown, "\n# ok"));
	ck_assert_ptr_nonnull(strstr(markdown, "\\](http"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("exposure");
	TCase *tcase = tcase_create("exposure");

	tcase_add_loop_test(
		tcase,
		every_check_fires_where_it_should_and_not_where_it_should_not,
		0, (int)firn_n_checks);
	tcase_add_test(tcase,
		       a_usual_container_is_no_sign_and_nothing_is_unknown);
	tcase_add_test(tcase, what_was_not_captured_is_said_to_be_unknown);
	tcase_add_test(tcase, reasons_stand_strongest_first);
	tcase_add_test(tcase, facts_of_the_wrong_kind_are_survived);
	tcase_add_test(tcase, a_broken_line_and_a_huge_member_are_gaps);
	tcase_add_test(tcase, a_word_is_heard_wherever_a_block_is_cut);
	tcase_add_test(tcase, what_a_miner_says_makes_exposure_possible);
	tcase_add_loop_test(tcase,
			    the_policy_says_from_when_on_a_node_is_exposed, 0,
			    (int)(sizeof(thresholds) / sizeof(thresholds[0])));
	tcase_add_test(tcase, hostile_names_are_no_markup);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
