#include <stdlib.h>
#include <string.h>

#include "assess/rules/rules.h"
#include "base/auto.h"
#include "base/json.h"

/*
 * rules_check -- each rule tried on the samples that stand in it.
 */

/* "NAME=value" for a rule of names, text for one of a pattern alone. */
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

static int
try_samples(const struct firn_rule *rule, const struct firn_words *samples,
	    bool expected, json_t *failures, struct firn_err *err)
{
	for (size_t i = 0; i < samples->n; i++) {
		int found = is_match(rule, samples->items[i], err);
		json_t *failure;

		if (found < 0)
			return firn_err_in(err, "rule %s", rule->name);
		if ((found == 1) == expected)
			continue;
		failure = json_object();
		firn_json_text(failure, "rule", rule->name);
		firn_json_text(failure, "what",
			       expected ? "a sample doesn't match"
					: "a sample that must not matches");
		json_object_set_new(failure, "sample",
				    json_integer((json_int_t)i + 1));
		json_array_append_new(failures, failure);
	}
	return 0;
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
		if (try_samples(rule, &rule->match, true, failures, err) < 0 ||
		    try_samples(rule, &rule->no_match, false, failures, err) <
			    0)
			return -1;
	}
	*ret = json_pack("{s:I, s:I, s:O}", "rules", (json_int_t)rules->n,
			 "samples", (json_int_t)samples, "failures", failures);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}
