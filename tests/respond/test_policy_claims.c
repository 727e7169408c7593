/*
 * What `firn policy explain` says, and what happens: the claims are read here
 * by rules of their own, and must come to the same as firn_policy_decide(), for
 * all combinations of small policies.
 */

#include "policy_fixture.h"

#include <fnmatch.h>
#include <time.h>

enum fit {
	NOT,
	PERHAPS,
	YES
};

/* --- what claims mean -----------------------------------------------------
 */

static const json_t *
claims_of(const json_t *explained, const char *name)
{
	const json_t *section;
	size_t i;

	json_array_foreach(explained, i, section)
		if (strcmp(firn_json_string(section, "section", NULL), name) ==
		    0)
			return json_object_get(section, "claims");
	ck_abort_msg("no section %s", name);
	return NULL;
}

static enum fit
fit_any(const json_t *globs, const char *text)
{
	const json_t *glob;
	size_t i;

	if (text == NULL)
		return PERHAPS;
	json_array_foreach(globs, i, glob)
		if (fnmatch(json_string_value(glob), text, 0) == 0)
			return YES;
	return NOT;
}

static enum fit
fit_labels(const json_t *labels, const struct firn_traits *what)
{
	json_t *all = (json_t *)(uintptr_t)labels, *globs;
	enum fit fit = YES, one;
	const char *key;

	json_object_foreach(all, key, globs) {
		const char *value = firn_json_string(what->labels, key, NULL);

		one = value == NULL && what->labels_whole
			      ? NOT
			      : fit_any(globs, value);
		fit = one < fit ? one : fit;
	}
	return fit;
}

static enum fit
fit_one(const json_t *target, const struct firn_traits *what)
{
	const char *namespace = what->pod_namespace;
	const json_t *globs;
	enum fit fit = YES, one;

	if (namespace == NULL && what->name != NULL)
	namespace = "\1"; /* it is of no pod */
	globs = json_object_get(target, "namespace");
	one = globs != NULL ? fit_any(globs, namespace) : YES;
	fit = one < fit ? one : fit;
	globs = json_object_get(target, "name");
	one = globs != NULL ? fit_any(globs, what->name) : YES;
	fit = one < fit ? one : fit;
	globs = json_object_get(target, "image");
	one = globs != NULL ? fit_any(globs, what->image) : YES;
	fit = one < fit ? one : fit;
	one = fit_labels(json_object_get(target, "label"), what);
	return one < fit ? one : fit;
}

static enum fit
fits(const json_t *claim, const struct firn_traits *what)
{
	const json_t *targets = json_object_get(claim, "targets"), *target;
	enum fit best = json_array_size(targets) == 0 ? YES : NOT;
	size_t i;

	json_array_foreach(targets, i, target) {
		enum fit one = fit_one(target, what);

		best = one > best ? one : best;
	}
	return best;
}

static bool
has_role(const json_t *claim, const char *key, enum firn_role role)
{
	return firn_json_holds(json_object_get(claim, key),
			       firn_role_name(role));
}

static bool
speaks_of(const json_t *claim, const struct firn_party *who)
{
	const json_t *said = json_object_get(claim, "who");
	const char *name = firn_json_string(said, "name", NULL);

	if (who->name == NULL || json_object_get(claim, "otherwise") != NULL)
		return false;
	if (who->is_source)
		return name != NULL && strcmp(name, who->name) == 0;
	for (size_t i = 0; i < who->n_groups; i++)
		if (firn_json_holds(json_object_get(said, "groups"),
				    who->groups[i]))
			return true;
	return firn_json_holds(json_object_get(said, "users"), who->name);
}

static bool
is_granted(const json_t *explained, const struct firn_question *question)
{
	const json_t *claim;
	const char *otherwise;
	size_t i;

	json_array_foreach(claims_of(explained, question->who->is_source
							? "alerts"
							: "people"),
			   i, claim) {
		otherwise = firn_json_string(claim, "otherwise", NULL);
		if (otherwise != NULL && strcmp(otherwise, "allowed") == 0)
			return true;
		if (speaks_of(claim, question->who) &&
		    has_role(claim, "may", question->role) &&
		    fits(claim, question->what) == YES)
			return true;
	}
	return false;
}

static unsigned
minutes(const json_t *claim, const char *key)
{
	unsigned hour = 0, minute = 0;

	ck_assert_int_eq(sscanf(firn_json_string(claim, key, NULL), "%u:%u",
				&hour, &minute),
			 2);
	return hour * 60 + minute;
}

static bool
is_in(const json_t *claim, time_t when)
{
	static const char *const days[] = { "sun", "mon", "tue", "wed",
					    "thu", "fri", "sat" };
	unsigned from = minutes(claim, "from"), to = minutes(claim, "to");
	const json_t *on = json_object_get(claim, "days");
	struct tm tm;
	unsigned now;
	bool today, yesterday;

	gmtime_r(&when, &tm);
	now = (unsigned)(tm.tm_hour * 60 + tm.tm_min);
	today = firn_json_holds(on, days[tm.tm_wday]);
	yesterday = firn_json_holds(on, days[(tm.tm_wday + 6) % 7]);
	if (from < to)
		return today && now >= from && now < to;
	return (today && now >= from) || (yesterday && now < to);
}

static bool
is_quiet(const json_t *explained, const struct firn_question *question)
{
	const json_t *claim;
	size_t i;

	json_array_foreach(claims_of(explained, "quiet-hours"), i, claim)
		if (is_in(claim, question->when) &&
		    !has_role(claim, "sources_may", question->role))
			return true;
	return false;
}

static bool
is_over(const json_t *claim, const struct firn_counts *counts)
{
	const char *limit = firn_json_string(claim, "limit", NULL);
	const char *single = firn_json_string(claim, "single_replica", NULL);
	json_int_t most = json_integer_value(json_object_get(claim, "most"));

	if (strcmp(limit, "freezes-per-hour") == 0)
		return counts->freezes_hour >= most;
	if (strcmp(limit, "freezes-per-hour-and-service") == 0)
		return counts->freezes_hour_service >= most;
	if (strcmp(limit, "stopped-share") != 0)
		return false;
	if (counts->replicas <= 1)
		return strcmp(single, "refuse") == 0;
	return 100.0 * (counts->replicas_stopped + 1) / counts->replicas >
	       (double)most;
}

static bool
is_too_much(const json_t *explained, const struct firn_question *question)
{
	const json_t *claim;
	size_t i;

	if (question->counts->already_stopped)
		return false;
	json_array_foreach(claims_of(explained, "limits"), i, claim)
		if ((question->who->is_source ||
		     json_is_true(json_object_get(claim, "people"))) &&
		    is_over(claim, question->counts))
			return true;
	return false;
}

static bool
is_dry(const json_t *explained, const struct firn_party *who)
{
	const json_t *claim;
	size_t i;

	json_array_foreach(claims_of(explained, "alerts"), i, claim)
		if (speaks_of(claim, who))
			return json_is_true(json_object_get(claim, "dry_run"));
	return false;
}

static bool
any_fits(const json_t *explained, const char *section,
	 const struct firn_question *question)
{
	const json_t *claim;
	size_t i;

	json_array_foreach(claims_of(explained, section), i, claim)
		if ((json_object_get(claim, "may") == NULL ||
		     has_role(claim, "may", question->role)) &&
		    fits(claim, question->what) != NOT)
			return true;
	return false;
}

static enum firn_verdict
as_claimed(const json_t *explained, const struct firn_question *question)
{
	bool look = question->role == FIRN_ROLE_LOOK;
	bool sends = question->who->is_source;

	if (!look && !question->undo &&
	    any_fits(explained, "never-touch", question))
		return FIRN_DENIED;
	if (!is_granted(explained, question))
		return FIRN_DENIED;
	if (look)
		return FIRN_ALLOWED;
	if (!question->undo && ((sends && is_quiet(explained, question)) ||
				is_too_much(explained, question)))
		return FIRN_DENIED;
	if (sends && is_dry(explained, question->who))
		return FIRN_ONLY_RECORDED;
	return any_fits(explained, "approval", question) ? FIRN_NEEDS_APPROVAL
							 : FIRN_ALLOWED;
}

/* --- all combinations -----------------------------------------------------
 */

#define SOURCES                                                             \
	"sources:\n"                                                        \
	"  - {name: falco, user: falco, may: [capture, freeze, isolate]}\n" \
	"  - {name: dry, user: dry, may: all, dry-run: true}\n"             \
	"  - {name: shop, user: shop, may: [kill],\n"                       \
	"     targets: {namespace: shop, label: {tier: [a, 'b*']}}}\n"      \
	"  - {name: mute, user: mute}\n"

#define PEOPLE                                                        \
	"responders:\n"                                               \
	"  - {users: alice, may: [capture, freeze], targets: {name: " \
	"'web*'}}\n"                                                  \
	"  - {users: [alice, root], groups: [sec], may: [isolate]}\n" \
	"  - {groups: [sec], may: kill, targets:\n"                   \
	"     [{image: 'nginx*'}, {label: {app: web}}]}\n"            \
	"  - {users: bob, may: []}\n"

static const char *const policies[] = {
	"",
	SOURCES,
	PEOPLE,
	"responders: []\n" SOURCES,
	SOURCES PEOPLE
	"never-touch: [{namespace: 'kube-*'}, {label: {app: db}}]\n"
	"approval:\n"
	"  - {may: [isolate, kill], targets: {name: 'web*'}}\n"
	"  - {may: all, targets: {label: {app: '*'}}}\n",
	SOURCES PEOPLE "limits: {freezes-per-hour: 3, "
		       "freezes-per-hour-and-service: 2,\n"
		       "  stopped-share: 50%, people: true}\n"
		       "quiet-hours:\n"
		       "  - {days: [mon], from: '22:00', to: '06:00',\n"
		       "     sources-may: [capture], zone: UTC}\n"
		       "  - {from: '12:00', to: '13:00', sources-may: [],\n"
		       "     zone: UTC}\n",
	SOURCES "limits: {stopped-share: 34%, single-replica: allow}\n"
		"never-touch: {name: postgres}\n",
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* 2026-11-30 is a Monday. */
static const time_t times[] = {
	1796036400, /* Mon 11:00 */
	1796040000, /* Mon 12:00 */
	1796043600, /* Mon 13:00 */
	1796079540, /* Mon 22:59 */
	1796104799, /* Tue 05:59:59 */
	1796104800, /* Tue 06:00 */
	1796166000, /* Tue 23:00 */
};

static const struct firn_counts counted[] = {
	{ .replicas = 4 },
	{ .replicas = 1 },
	{ .replicas = 4, .replicas_stopped = 1, .freezes_hour = 2 },
	{ .replicas = 4, .replicas_stopped = 2 },
	{ .replicas = 3, .replicas_stopped = 0, .freezes_hour = 3 },
	{ .replicas = 9, .freezes_hour_service = 2 },
	{ .replicas = 9,
	  .replicas_stopped = 9,
	  .freezes_hour = 99,
	  .already_stopped = true },
};

static void
compare(const struct firn_policy *policy, const json_t *explained,
	const struct firn_question *question)
{
	struct firn_decision decision;
	enum firn_verdict claimed = as_claimed(explained, question);

	firn_policy_decide(policy, question, &decision);
	ck_assert_msg(decision.verdict == claimed,
		      "%s %s %s: %s (%s, %s), but claimed is %s",
		      question->who->name != NULL ? question->who->name : "-",
		      firn_role_name(question->role),
		      question->what->name != NULL ? question->what->name : "-",
		      firn_verdict_name(decision.verdict), decision.why,
		      decision.rule, firn_verdict_name(claimed));
	ck_assert_uint_gt(strlen(decision.why), 0);
	ck_assert_uint_gt(strlen(decision.rule), 0);
}

static void
each_time_and_count(const struct firn_policy *policy, const json_t *explained,
		    struct firn_question *question)
{
	for (size_t i = 0; i < 2 * N(times) * N(counted); i++) {
		question->undo = i % 2 == 1;
		question->when = times[i / 2 % N(times)];
		question->counts = &counted[i / 2 / N(times)];
		compare(policy, explained, question);
	}
}

START_TEST(what_is_explained_is_what_is_decided)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		policy_of(policies[_i]);
	autojson json_t *explained = firn_policy_explain(policy);
	autojson json_t *web = json_pack("{s:s}", "app", "web");
	autojson json_t *db =
		json_pack("{s:s, s:s}", "app", "db", "tier", "bb");
	char sec_name[] = "sec", users[] = "users";
	char *sec[] = { sec_name, users };
	const struct firn_party parties[] = {
		person("alice", 1000, NULL, 0),
		person("bob", 1001, sec, 2),
		person("carol", 1002, NULL, 0),
		person("root", 0, NULL, 0),
		person(NULL, 4, NULL, 0),
		source("falco"),
		source("dry"),
		source("shop"),
		source("mute"),
		source("other"),
		source(NULL),
	};
	struct firn_traits targets[] = {
		docker("web-1", "nginx:1", web),
		docker("postgres", "postgres:16", db),
		docker("x", "nginx", NULL),
		pod("shop", "web-0", "web", "shop/web:1"),
		pod("kube-system", "dns", "dns", "dns"),
		{ .id = "0123456789ab" }, /* of which nothing is known */
	};

	targets[3].labels = db;
	for (size_t p = 0; p < N(parties); p++)
		for (size_t t = 0; t < N(targets); t++)
			for (size_t r = 0; r < FIRN_N_ROLES; r++)
				each_time_and_count(
					policy, explained,
					&(struct firn_question){
						.who = &parties[p],
						.what = &targets[t],
						.role = (enum firn_role)(1u
									 << r),
					});
}
END_TEST

START_TEST(each_claim_has_a_sentence)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		policy_of(policies[_i]);
	autojson json_t *explained = firn_policy_explain(policy);
	const json_t *section, *sentence;
	size_t i, k;

	json_array_foreach(explained, i, section) {
		const json_t *sentences = json_object_get(section, "sentences");
		size_t n = json_array_size(json_object_get(section, "claims"));

		ck_assert_uint_eq(json_array_size(sentences), n > 0 ? n : 1);
		json_array_foreach(sentences, k, sentence) {
			const char *text = json_string_value(sentence);

			ck_assert_uint_gt(strlen(text), 5);
			ck_assert_int_eq(text[strlen(text) - 1], '.');
		}
	}
}
END_TEST

START_TEST(one_party_is_told_its_own_rules)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		policy_of(SOURCES PEOPLE);
	char sec_name[] = "sec", *sec[] = { sec_name };
	const struct {
		struct firn_party who;
		size_t rules;
		const char *first;
	} cases[] = {
		{ person("alice", 1000, NULL, 0), 2, "alice may" },
		{ person("bob", 1001, sec, 1), 3, "alice, root and group sec" },
		{ person("carol", 1002, NULL, 0), 1, "Everybody else" },
		{ source("dry"), 1, "Alerts of dry" },
		{ source("other"), 1, "Alerts of any other" },
		{ source(NULL), 1, "Alerts of any other" },
	};

	for (size_t i = 0; i < N(cases); i++) {
		autojson json_t *told =
			firn_policy_explain_party(policy, &cases[i].who);
		const json_t *rules = json_object_get(told, "rules");
		const char *first = json_string_value(json_array_get(rules, 0));

		ck_assert_uint_eq(json_array_size(rules), cases[i].rules);
		ck_assert_msg(strncmp(first, cases[i].first,
				      strlen(cases[i].first)) == 0,
			      "%s", first);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy_claims");
	TCase *tcase = tcase_create("claims");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, what_is_explained_is_what_is_decided, 0,
			    (int)N(policies));
	tcase_add_loop_test(tcase, each_claim_has_a_sentence, 0,
			    (int)N(policies));
	tcase_add_test(tcase, one_party_is_told_its_own_rules);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
