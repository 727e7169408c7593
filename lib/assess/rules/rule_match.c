#include <string.h>

#include "assess/rules/rules.h"

/*
 * rule_match -- the one place that decides what is a secret of a kind.
 */

/* Shorter values are no secrets but switches: "true", "1000". */
#define SHORTEST 6

bool
firn_rule_has_keyword(const struct firn_rule *rule, const char *text,
		      size_t len)
{
	for (size_t i = 0; i < rule->keywords.n; i++) {
		if (memmem(text, len, rule->keywords.items[i],
			   strlen(rule->keywords.items[i])) != NULL)
			return true;
	}
	return false;
}

static bool
has_name(const struct firn_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->names.n; i++) {
		if (firn_glob(rule->names.items[i], name, strlen(name), true,
			      false))
			return true;
	}
	return false;
}

bool
firn_rule_excepts(const struct firn_rule *rule, const char *text, bool folds)
{
	for (size_t i = 0; i < rule->except.n; i++) {
		if (firn_glob(rule->except.items[i], text, strlen(text), folds,
			      !folds))
			return true;
	}
	return false;
}

int
firn_rule_in_text(const struct firn_rule *rule, const char *text, size_t len,
		  size_t *from, struct firn_span *ret, struct firn_err *err)
{
	if (rule->pattern == NULL || rule->names.n > 0)
		return 0;
	return firn_regex_search(rule->pattern, text, len, from, ret, err);
}

int
firn_rule_in_value(const struct firn_rule *rule, const char *name,
		   const char *value, size_t len, struct firn_span *ret,
		   struct firn_err *err)
{
	size_t from = 0;

	if (!has_name(rule, name) || firn_rule_excepts(rule, name, true))
		return 0;
	if (rule->pattern != NULL)
		return firn_regex_search(rule->pattern, value, len, &from, ret,
					 err);
	*ret = (struct firn_span){ .end = len };
	return len >= SHORTEST;
}
