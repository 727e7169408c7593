/* Whom a rule means, which containers, and what is said. */

#include "policy_fixture.h"

#include "base/text.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct firn_decision
decide(const struct firn_policy *policy, const struct firn_party *who,
       enum firn_role role, const struct firn_traits *what)
{
	static const struct firn_counts counts = { .replicas = 9 };
	const struct firn_question question = {
		.who = who,
		.role = role,
		.what = what,
		.counts = &counts,
		.when = 1796036400,
	};
	struct firn_decision decision;

	firn_policy_decide(policy, &question, &decision);
	return decision;
}

/* May alice freeze it, if that is what `targets` are? */
static enum firn_verdict
given(const char *targets, const struct firn_traits *what)
{
	const struct firn_party alice = person("alice", 1000, NULL, 0);
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	char text[1024];

	snprintf(text, sizeof(text),
		 "responders: [{users: alice, may: freeze, targets: %s}]\n",
		 targets);
	policy = policy_of(text);
	return decide(policy, &alice, FIRN_ROLE_FREEZE, what).verdict;
}

/* May root, if they are never touched? */
static enum firn_verdict protected(const char *targets,
				   const struct firn_traits *what) {
	const struct firn_party root = person("root", 0, NULL, 0);
		autodone(firn_policy_close) struct firn_policy *policy = NULL;
		char text[1024];

		snprintf(text, sizeof(text), "never-touch: %s\n", targets);
		policy = policy_of(text);
		return decide(policy, &root, FIRN_ROLE_KILL, what).verdict;
}

/* --- which containers -----------------------------------------------------
 */

static const struct {
	const char *image, *glob;
	bool fits;
} images[] = {
	{ "nginx", "nginx", true },
	{ "nginx:1.25", "nginx", true },
	{ "nginx:1.25", "nginx:*", true },
	{ "nginx", "nginx:*", false },
	{ "nginx:1.25", "docker.io/library/nginx", true },
	{ "docker.io/library/nginx:1.25", "nginx", true },
	{ "docker.io/library/nginx:1.25", "nginx:1.25", true },
	{ "docker.io/library/nginx:1.25@sha256:00", "nginx:1.25", true },
	{ "evil/nginx", "nginx", false },
	{ "nginx.evil", "nginx", false },
	{ "evil.example/library/nginx", "nginx", false },
	{ "localhost/nginx", "nginx", false },
	{ "shop/web:3", "shop/web", true },
	{ "docker.io/shop/web:3", "shop/*", true },
	{ "registry.example.org:5000/shop/web", "registry.example.org:5000/*",
	  true },
	{ "registry.example.org:5000/shop/web:1", "*/shop/web", true },
	{ "registry.example.org.evil/shop", "registry.example.org/*", false },
	{ "NGINX", "nginx", false },
	{ "", "*", true },
};

START_TEST(an_image_is_the_same_however_it_is_spelt)
{
	const struct firn_traits what = docker("x", images[_i].image, NULL);
	char targets[256];

	snprintf(targets, sizeof(targets), "{image: '%s'}", images[_i].glob);
	ck_assert_int_eq(given(targets, &what),
			 images[_i].fits ? FIRN_ALLOWED : FIRN_DENIED);
	ck_assert_int_eq(protected(targets, &what),
			 images[_i].fits ? FIRN_DENIED : FIRN_ALLOWED);
}
END_TEST

START_TEST(what_is_not_known_gives_nothing_and_protects)
{
	static const char *const targets[] = {
		"{name: web}",
		"{image: nginx}",
		"{namespace: shop}",
		"{pod: web-*}",
		"{label: {app: web}}",
		"{name: '*'}",
		"{name: [a, b], image: c}",
	};
	const struct firn_traits unknown = { .id = "0123456789ab" };

	for (size_t i = 0; i < N(targets); i++) {
		ck_assert_int_eq(given(targets[i], &unknown), FIRN_DENIED);
		ck_assert_int_eq(protected(targets[i], &unknown), FIRN_DENIED);
	}
}
END_TEST

START_TEST(one_property_that_is_known_to_differ_settles_it)
{
	const struct firn_traits what = { .id = "ab", .name = "db" };

	ck_assert_int_eq(protected("{name: web, image: nginx}", &what),
			 FIRN_ALLOWED);
	ck_assert_int_eq(protected("{name: db, image: nginx}", &what),
			 FIRN_DENIED);
}
END_TEST

START_TEST(an_image_that_is_only_a_digest_may_be_any)
{
	static const char *const digests[] = {
		"sha256:"
		"0123456789abcdef0123456789abcdef0123456789abcdef01234567"
		"89abcdef",
		"0123456789ab",
	};

	for (size_t i = 0; i < N(digests); i++) {
		const struct firn_traits what = docker("x", digests[i], NULL);

		ck_assert_int_eq(given("{image: nginx}", &what), FIRN_DENIED);
		ck_assert_int_eq(protected("{image: nginx}", &what),
				 FIRN_DENIED);
	}
}
END_TEST

START_TEST(a_container_without_a_pod_is_in_no_namespace)
{
	const struct firn_traits what = docker("web", "nginx", NULL);

	ck_assert_int_eq(protected("{namespace: kube-system}", &what),
			 FIRN_ALLOWED);
	ck_assert_int_eq(given("{namespace: '*'}", &what), FIRN_DENIED);
}
END_TEST

START_TEST(labels_that_a_runtime_does_not_tell_may_be_there)
{
	autojson json_t *labels = json_pack("{s:s}", "app", "web");
	struct firn_traits what = docker("web", "nginx", labels);

	ck_assert_int_eq(given("{label: {app: 'w*'}}", &what), FIRN_ALLOWED);
	ck_assert_int_eq(protected("{label: {app: db}}", &what), FIRN_ALLOWED);
	ck_assert_int_eq(protected("{label: {tier: db}}", &what), FIRN_ALLOWED);
	what.labels_whole = false;
	ck_assert_int_eq(protected("{label: {app: db}}", &what), FIRN_ALLOWED);
	ck_assert_int_eq(protected("{label: {tier: db}}", &what), FIRN_DENIED);
}
END_TEST

START_TEST(a_label_of_any_bytes_is_compared_as_it_is)
{
	autojson json_t *labels = json_object();
	const struct firn_traits what = docker("web", "nginx", labels);

	json_object_set_new(labels, "app", json_stringn("web\0evil", 8));
	json_object_set_new(labels, "odd", json_string("\x1b[2J\n*"));
	ck_assert_int_eq(given("{label: {app: web}}", &what), FIRN_DENIED);
	ck_assert_int_eq(given("{label: {app: 'web*'}}", &what), FIRN_ALLOWED);
	ck_assert_int_eq(given("{label: {odd: '*'}}", &what), FIRN_ALLOWED);
	ck_assert_int_eq(given("{label: {odd: 'x*'}}", &what), FIRN_DENIED);
}
END_TEST

START_TEST(a_name_without_end_is_as_good_as_unknown)
{
	autofree char *name = malloc(1 << 20);
	const char *targets = "{name: 'a*a*a*a*a*a*a*a*a*b'}";
	struct firn_traits what = docker(name, "nginx", NULL);

	memset(name, 'a', 1 << 20);
	name[(1 << 20) - 1] = '\0';
	ck_assert_int_eq(given(targets, &what), FIRN_DENIED);
	ck_assert_int_eq(protected(targets, &what), FIRN_DENIED);
	what = docker("web", name, NULL);
	ck_assert_int_eq(protected("{image: nginx}", &what), FIRN_DENIED);
}
END_TEST

START_TEST(a_pod_is_known_by_its_container_too)
{
	struct firn_traits what = pod("shop", "web-0", "web", "shop/web");

	what.name = "k8s_web_web-0_shop_1f_0";
	ck_assert_int_eq(given("{name: web}", &what), FIRN_ALLOWED);
	ck_assert_int_eq(given("{name: 'k8s_*'}", &what), FIRN_ALLOWED);
	ck_assert_int_eq(given("{pod: 'web-*', namespace: shop}", &what),
			 FIRN_ALLOWED);
	ck_assert_int_eq(given("{pod: web}", &what), FIRN_DENIED);
	ck_assert_int_eq(given("[{pod: web}, {name: web}]", &what),
			 FIRN_ALLOWED);
}
END_TEST

/* --- whom -----------------------------------------------------------------
 */

START_TEST(rules_add_up)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		policy_of("responders:\n"
			  "  - {users: alice, may: freeze}\n"
			  "  - {groups: sec, may: isolate}\n");
	char sec[] = "sec", *groups[] = { sec };
	const struct firn_party alice = person("alice", 1000, groups, 1);
	const struct firn_traits what = docker("web", "nginx", NULL);

	ck_assert_int_eq(
		decide(policy, &alice, FIRN_ROLE_FREEZE, &what).verdict,
		FIRN_ALLOWED);
	ck_assert_int_eq(
		decide(policy, &alice, FIRN_ROLE_ISOLATE, &what).verdict,
		FIRN_ALLOWED);
	ck_assert_int_eq(decide(policy, &alice, FIRN_ROLE_KILL, &what).verdict,
			 FIRN_DENIED);
}
END_TEST

START_TEST(once_there_are_responders_root_is_one_or_may_nothing)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		policy_of("responders: [{users: alice, may: all}]\n");
	const struct firn_party root = person("root", 0, NULL, 0);
	const struct firn_traits what = docker("web", "nginx", NULL);
	struct firn_decision decision;

	for (unsigned i = 0; i < FIRN_N_ROLES; i++)
		ck_assert_int_eq(decide(policy, &root, 1u << i, &what).verdict,
				 FIRN_DENIED);
	decision = decide(policy, &root, FIRN_ROLE_FREEZE, &what);
	ck_assert_ptr_nonnull(
		strstr(decision.why, "{users: [root], may: [freeze]}"));
}
END_TEST

START_TEST(a_source_is_no_user_of_the_same_name)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		policy_of("responders: [{users: falco, may: all}]\n"
			  "sources: [{name: alice, user: a, may: all}]\n");
	const struct firn_party falco = source("falco");
	const struct firn_party alice = person("alice", 1, NULL, 0);
	const struct firn_traits what = docker("web", "nginx", NULL);

	ck_assert_int_eq(decide(policy, &falco, FIRN_ROLE_LOOK, &what).verdict,
			 FIRN_DENIED);
	ck_assert_int_eq(decide(policy, &alice, FIRN_ROLE_LOOK, &what).verdict,
			 FIRN_DENIED);
}
END_TEST

START_TEST(without_a_container_one_may_only_look)
{
	autodone(firn_policy_close) struct firn_policy *policy = policy_of(
		"responders: [{users: alice, may: all, targets: {name: x}}]\n"
		"never-touch: [{name: y}]\n");
	const struct firn_party alice = person("alice", 1, NULL, 0);
	const struct firn_party bob = person("bob", 2, NULL, 0);

	ck_assert_int_eq(decide(policy, &alice, FIRN_ROLE_LOOK, NULL).verdict,
			 FIRN_ALLOWED);
	ck_assert_int_eq(decide(policy, &alice, FIRN_ROLE_FREEZE, NULL).verdict,
			 FIRN_DENIED);
	ck_assert_int_eq(decide(policy, &bob, FIRN_ROLE_LOOK, NULL).verdict,
			 FIRN_DENIED);
}
END_TEST

START_TEST(what_is_none_of_the_roles_is_denied)
{
	static const unsigned roles[] = { 0, 3, 31, 32, 1u << 31, ~0u };
	autodone(firn_policy_close) struct firn_policy *policy = policy_of("");
	const struct firn_party root = person("root", 0, NULL, 0);
	const struct firn_traits what = docker("web", "nginx", NULL);

	for (size_t i = 0; i < N(roles); i++)
		ck_assert_int_eq(decide(policy, &root, (enum firn_role)roles[i],
					&what)
					 .verdict,
				 FIRN_DENIED);
}
END_TEST

/* --- limits ---------------------------------------------------------------
 */

START_TEST(what_happened_lately_is_asked_for_only_where_it_bears)
{
	autodone(firn_policy_close) struct firn_policy *none = policy_of("");
	autodone(firn_policy_close) struct firn_policy *share =
		policy_of("limits: {stopped-share: 50%}\n");
	autodone(firn_policy_close) struct firn_policy *both = policy_of(
		"limits: {freezes-per-hour: 1, stopped-share: 5%, people: "
		"true}\n");
	const struct firn_party falco = source("falco");
	const struct firn_party root = person("root", 0, NULL, 0);

	ck_assert_uint_eq(firn_policy_counts(none, &falco, FIRN_ROLE_KILL), 0);
	ck_assert_uint_eq(firn_policy_counts(share, &root, FIRN_ROLE_KILL), 0);
	ck_assert_uint_eq(firn_policy_counts(share, &falco, FIRN_ROLE_LOOK), 0);
	ck_assert_uint_eq(firn_policy_counts(share, &falco, FIRN_ROLE_FREEZE),
			  FIRN_COUNT_REPLICAS);
	ck_assert_uint_eq(firn_policy_counts(both, &root, FIRN_ROLE_FREEZE),
			  FIRN_COUNT_FREEZES | FIRN_COUNT_REPLICAS);
}
END_TEST

START_TEST(a_limit_whose_count_is_not_known_is_reached)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		policy_of("limits: {freezes-per-hour: 9}\n"
			  "sources: [{name: falco, user: f, may: all}]\n");
	const struct firn_party falco = source("falco");
	const struct firn_traits what = docker("web", "nginx", NULL);
	const struct firn_question question = {
		.who = &falco,
		.role = FIRN_ROLE_FREEZE,
		.what = &what,
	};
	struct firn_decision decision;

	firn_policy_decide(policy, &question, &decision);
	ck_assert_int_eq(decision.verdict, FIRN_DENIED);
}
END_TEST

START_TEST(quiet_hours_say_how_long_they_last)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		policy_of("sources: [{name: falco, user: f, may: all}]\n"
			  "quiet-hours:\n"
			  "  - {from: '10:30', to: '11:30', sources-may: [], "
			  "zone: UTC}\n");
	const struct firn_party falco = source("falco");
	const struct firn_traits what = docker("web", "nginx", NULL);
	const struct firn_decision decision =
		decide(policy, &falco, FIRN_ROLE_FREEZE, &what);

	ck_assert_int_eq(decision.verdict, FIRN_DENIED);
	ck_assert_uint_eq(decision.wait_s, 1800);
	ck_assert_str_eq(decision.rule, "policy.yaml:3:6");
}
END_TEST

/* --- the second person ----------------------------------------------------
 */

static enum firn_verdict
may_approve(const char *text, const struct firn_party *approver,
	    const struct firn_party *asker, enum firn_role role)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		policy_of(text);
	const struct firn_traits what = docker("web", "nginx", NULL);
	const struct firn_question question = {
		.who = asker,
		.role = role,
		.what = &what,
	};
	struct firn_decision decision;

	firn_policy_may_approve(policy, approver, &question, &decision);
	ck_assert_uint_gt(strlen(decision.why), 0);
	return decision.verdict;
}

START_TEST(the_one_who_asks_is_not_the_second_person)
{
	static const char text[] =
		"sources: [{name: falco, user: alice, may: all}]\n"
		"approval: [{may: isolate}]\n";
	const struct firn_party alice = person("alice", 1000, NULL, 0);
	const struct firn_party other_name = person("ada", 1000, NULL, 0);
	const struct firn_party bob = person("bob", 1001, NULL, 0);
	const struct firn_party nobody = person(NULL, 9, NULL, 0);
	const struct firn_party falco = source("falco");

	ck_assert_int_eq(may_approve(text, &bob, &alice, FIRN_ROLE_ISOLATE),
			 FIRN_ALLOWED);
	ck_assert_int_eq(may_approve(text, &alice, &alice, FIRN_ROLE_ISOLATE),
			 FIRN_DENIED);
	ck_assert_int_eq(may_approve(text, &other_name, &alice,
				     FIRN_ROLE_ISOLATE),
			 FIRN_DENIED);
	ck_assert_int_eq(may_approve(text, &bob, &falco, FIRN_ROLE_ISOLATE),
			 FIRN_ALLOWED);
	ck_assert_int_eq(may_approve(text, &alice, &falco, FIRN_ROLE_ISOLATE),
			 FIRN_DENIED);
	ck_assert_int_eq(may_approve(text, &falco, &alice, FIRN_ROLE_ISOLATE),
			 FIRN_DENIED);
	ck_assert_int_eq(may_approve(text, &nobody, &alice, FIRN_ROLE_ISOLATE),
			 FIRN_DENIED);
	/* No rule asks for one, but a playbook may. */
	ck_assert_int_eq(may_approve(text, &bob, &alice, FIRN_ROLE_FREEZE),
			 FIRN_ALLOWED);
	ck_assert_int_eq(may_approve(text, &alice, &alice, FIRN_ROLE_FREEZE),
			 FIRN_DENIED);
}
END_TEST

START_TEST(the_first_rule_that_fits_says_who_the_second_person_is)
{
	static const char text[] =
		"responders: [{users: [alice, bob], may: freeze}]\n"
		"approval:\n"
		"  - {may: isolate, by: {users: carol}}\n"
		"  - {may: isolate, by: {users: bob}}\n"
		"  - {may: [freeze, kill]}\n";
	const struct firn_party alice = person("alice", 1, NULL, 0);
	const struct firn_party bob = person("bob", 2, NULL, 0);
	const struct firn_party carol = person("carol", 3, NULL, 0);

	ck_assert_int_eq(may_approve(text, &carol, &alice, FIRN_ROLE_ISOLATE),
			 FIRN_ALLOWED);
	ck_assert_int_eq(may_approve(text, &bob, &alice, FIRN_ROLE_ISOLATE),
			 FIRN_DENIED);
	/* Without `by`: whoever may do the same. */
	ck_assert_int_eq(may_approve(text, &bob, &alice, FIRN_ROLE_FREEZE),
			 FIRN_ALLOWED);
	ck_assert_int_eq(may_approve(text, &carol, &alice, FIRN_ROLE_FREEZE),
			 FIRN_DENIED);
	ck_assert_int_eq(may_approve(text, &bob, &alice, FIRN_ROLE_KILL),
			 FIRN_DENIED);
}
END_TEST

/* --- what is said ---------------------------------------------------------
 */

START_TEST(hostile_names_are_escaped_and_sentences_are_whole)
{
	static const char evil[] = "\x1b[31m\xff\xfe\u202e\n"
				   "0123456789012345678901234567890123456789"
				   "0123456789012345678901234567890123456789"
				   "0123456789012345678901234567890123456789"
				   "0123456789012345678901234567890123456789";
	static const char *const policies[] = {
		"",
		"responders: []\n",
		"responders: [{users: root, may: all, targets: {name: x}}]\n",
		"never-touch: [{name: '*'}]\n",
		"never-touch: [{label: {a: b}}]\n",
		"approval: [{may: all}]\n",
		"limits: {stopped-share: 1%, people: true}\n",
		"limits: {freezes-per-hour: 0, people: true}\n",
		"limits: {freezes-per-hour-and-service: 0, people: true}\n",
	};
	const struct firn_party root = person("root", 0, NULL, 0);
	const struct firn_party odd = person(evil, 7, NULL, 0);
	const struct firn_traits targets[] = {
		docker(evil, evil, NULL),
		pod(evil, evil, evil, evil),
		{ .id = evil },
	};

	for (size_t i = 0; i < N(policies); i++) {
		autodone(firn_policy_close) struct firn_policy *policy =
			policy_of(policies[i]);

		for (size_t k = 0; k < 2 * N(targets); k++) {
			const struct firn_decision decision =
				decide(policy, k % 2 == 0 ? &root : &odd,
				       FIRN_ROLE_FREEZE, &targets[k / 2]);

			ck_assert(firn_is_utf8(decision.why,
					       strlen(decision.why)));
			ck_assert_ptr_null(strpbrk(decision.why, "\x1b\n"));
			ck_assert_uint_lt(strlen(decision.why),
					  sizeof(decision.why) - 1);
		}
	}
}
END_TEST

/* --- who is at the keyboard -----------------------------------------------
 */

START_TEST(people_come_from_this_node)
{
	autodone(firn_party_free) struct firn_party root = { 0 };
	autodone(firn_party_free) struct firn_party named = { 0 };
	autodone(firn_party_free) struct firn_party nobody = { 0 };
	autojson json_t *json = NULL;
	bool in_root = false;

	ck_ok(firn_party_uid(0, &root, &err));
	ck_assert_str_eq(root.name, "root");
	for (size_t i = 0; i < root.n_groups; i++)
		in_root |= strcmp(root.groups[i], "root") == 0;
	ck_assert(in_root);
	ck_ok(firn_party_named("root", &named, &err));
	ck_assert_uint_eq(named.uid, 0);
	ck_assert_uint_eq(named.n_groups, root.n_groups);
	ck_ok(firn_party_uid(3999999999u, &nobody, &err));
	ck_assert_str_eq(nobody.name, "uid:3999999999");
	ck_assert_uint_eq(nobody.n_groups, 0);
	json = firn_party_json(&nobody);
	ck_assert_str_eq(firn_json_string(json, "kind", NULL), "person");
	ck_fails(firn_party_named("no-such-user", &named, &err), ENOENT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy_decide");
	TCase *tcase = tcase_create("decide");

	tcase_add_loop_test(tcase, an_image_is_the_same_however_it_is_spelt, 0,
			    (int)N(images));
	tcase_add_test(tcase, what_is_not_known_gives_nothing_and_protects);
	tcase_add_test(tcase, one_property_that_is_known_to_differ_settles_it);
	tcase_add_test(tcase, an_image_that_is_only_a_digest_may_be_any);
	tcase_add_test(tcase, a_container_without_a_pod_is_in_no_namespace);
	tcase_add_test(tcase, labels_that_a_runtime_does_not_tell_may_be_there);
	tcase_add_test(tcase, a_label_of_any_bytes_is_compared_as_it_is);
	tcase_add_test(tcase, a_name_without_end_is_as_good_as_unknown);
	tcase_add_test(tcase, a_pod_is_known_by_its_container_too);
	tcase_add_test(tcase, rules_add_up);
	tcase_add_test(tcase,
		       once_there_are_responders_root_is_one_or_may_nothing);
	tcase_add_test(tcase, a_source_is_no_user_of_the_same_name);
	tcase_add_test(tcase, without_a_container_one_may_only_look);
	tcase_add_test(tcase, what_is_none_of_the_roles_is_denied);
	tcase_add_test(tcase,
		       what_happened_lately_is_asked_for_only_where_it_bears);
	tcase_add_test(tcase, a_limit_whose_count_is_not_known_is_reached);
	tcase_add_test(tcase, quiet_hours_say_how_long_they_last);
	tcase_add_test(tcase, the_one_who_asks_is_not_the_second_person);
	tcase_add_test(tcase,
		       the_first_rule_that_fits_says_who_the_second_person_is);
	tcase_add_test(tcase,
		       hostile_names_are_escaped_and_sentences_are_whole);
	tcase_add_test(tcase, people_come_from_this_node);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
