#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assess/rules/rules.h"
#include "assess/rules/samples.h"
#include "base/auto.h"
#include "base/json.h"

/*
 * rules_check -- each rule tried on the samples that stand in it.
 */

/* Of a rule of names: the sample is "NAME=value". */
static int
is_match(const struct firn_rule *rule, const char *sample, struct firn_err *err)
{
	const char *equals = strchr(sample, '=');
	struct firn_span span;
	size_t from = 0;

	if (rule->names.n > 0 && equals != NULL) {
		autofree char *name =
			strndup(sample, (size_t)(equals - sample));

		if (name == NULL)
			return firn_err_nomem(err);
		return firn_rule_in_value(rule, name, equals + 1,
					  strlen(equals + 1), &span, err);
	}
	return firn_rule_in_text(rule, sample, strlen(sample), &from, &span,
				 err);
}

static void
fail(json_t *failures, const struct firn_rule *rule, const char *what,
     size_t sample)
{
	json_t *failure = json_object();

	firn_json_text(failure, "rule", rule->name);
	firn_json_text(failure, "what", what);
	if (sample > 0)
		json_object_set_new(failure, "sample",
				    json_integer((json_int_t)sample));
	json_array_append_new(failures, failure);
}

/* Rules are found by their keywords. */
static bool
lacks_keyword(const struct firn_rule *rule, const char *sample)
{
	return rule->keywords.n > 0 &&
	       !firn_rule_has_keyword(rule, sample, strlen(sample));
}

static int
try_samples(const struct firn_rule *rule, const struct firn_words *samples,
	    bool expected, json_t *failures, struct firn_err *err)
{
	for (size_t i = 0; i < samples->n; i++) {
		autofree char *sample = NULL;
		struct firn_err why = { 0 };
		int found;

		if (firn_sample(samples->items[i], i + 1, &sample, &why) < 0) {
			if (why.code != EINVAL)
				return firn_err_set(err, why.code, "%s",
						    why.text);
			fail(failures, rule, why.text, i + 1);
			continue;
		}
		found = is_match(rule, sample, err);
		if (found < 0)
			return firn_err_in(err, "rule %s", rule->name);
		if ((found == 1) != expected)
			fail(failures, rule,
			     expected ? "a sample doesn't match"
				      : "a sample that must not matches",
			     i + 1);
		else if (expected && lacks_keyword(rule, sample))
			fail(failures, rule, "a sample has no keyword", i + 1);
	}
	return 0;
}

/* What is looked for must be shown, and what is like it but isn't. */
static int
check_rule(const struct firn_rule *rule, json_t *failures, struct firn_err *err)
{
	bool has_samples = rule->pattern != NULL || rule->names.n > 0;

	if (has_samples && rule->match.n == 0)
		fail(failures, rule, "there is no sample that matches", 0);
	if (has_samples && rule->no_match.n == 0)
		fail(failures, rule, "there is no sample that must not match",
		     0);
	if (try_samples(rule, &rule->match, true, failures, err) < 0)
		return -1;
	return try_samples(rule, &rule->no_match, false, failures, err);
}

int
firn_secret_rules_check(const struct firn_secret_rules *rules, json_t **ret,
			struct firn_err *err)
{
	autojson json_t *failures = json_array();
	size_t samples = 0;

	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_rule *rule = &rules->items[i];

		samples += rule->match.n + rule->no_match.n;
		if (check_rule(rule, failures, err) < 0)
			return -1;
	}
	*ret = json_pack("{s:I, s:I, s:I, s:O}", "rules", (json_int_t)rules->n,
			 "guides", (json_int_t)rules->n_guides, "samples",
			 (json_int_t)samples, "failures", failures);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}
