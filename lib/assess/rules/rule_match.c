#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "assess/rules/assigned.h"
#include "assess/rules/names.h"
#include "assess/rules/placeholder.h"
#include "assess/rules/rules.h"

/*
 * rule_match -- the one place that decides what is a secret of a kind.
 */

/* Shorter values are no secrets but switches: "true", "1000". */
#define SHORTEST 6

static bool
has_folded(const char *text, size_t len, const char *word)
{
	const char either[] = { (char)tolower((unsigned char)word[0]),
				(char)toupper((unsigned char)word[0]) };
	size_t n = strlen(word);

	for (size_t at = 0; at + n <= len; at++) {
		if ((text[at] == either[0] || text[at] == either[1]) &&
		    strncasecmp(text + at, word, n) == 0)
			return true;
	}
	return false;
}

bool
firn_rule_has_keyword(const struct firn_rule *rule, const char *text,
		      size_t len)
{
	for (size_t i = 0; i < rule->keywords.n; i++) {
		const char *word = rule->keywords.items[i];

		if (rule->folds ? has_folded(text, len, word)
				: memmem(text, len, word, strlen(word)) != NULL)
			return true;
	}
	return false;
}

bool
firn_rule_excepts(const struct firn_rule *rule, const char *text, bool folds)
{
	if (folds)
		return firn_name_is_like(&rule->except, text);
	for (size_t i = 0; i < rule->except.n; i++) {
		if (firn_glob(rule->except.items[i], text, strlen(text), false,
			      true))
			return true;
	}
	return false;
}

/* Is there nothing to go by but a name, and how random the value is? */
static bool
goes_by_name(const struct firn_rule *rule)
{
	return rule->names.n > 0 && rule->valid == NULL &&
	       (rule->pattern == NULL || rule->entropy > 0);
}

static bool
is_secret(const struct firn_rule *rule, const char *value, size_t len)
{
	if (len == 0 || firn_is_placeholder(value, len))
		return false;
	if (rule->valid != NULL && !rule->valid->holds(value, len))
		return false;
	if (rule->entropy > 0 && firn_entropy(value, len) < rule->entropy)
		return false;
	return !goes_by_name(rule) ||
	       (len >= SHORTEST && !firn_is_ordinary(value, len));
}

static int
next_match(const struct firn_rule *rule, const char *text, size_t len,
	   size_t *from, struct firn_span *ret, struct firn_err *err)
{
	int found;

	while ((found = firn_regex_search(rule->pattern, text, len, from, ret,
					  err)) > 0) {
		if (is_secret(rule, text + ret->start, ret->end - ret->start))
			return 1;
	}
	return found;
}

int
firn_rule_in_value(const struct firn_rule *rule, const char *name,
		   const char *value, size_t len, struct firn_span *ret,
		   struct firn_err *err)
{
	size_t from = 0;

	if (!firn_name_is_like(&rule->names, name) ||
	    firn_rule_excepts(rule, name, true))
		return 0;
	if (rule->pattern != NULL)
		return next_match(rule, value, len, &from, ret, err);
	if (!is_secret(rule, value, len))
		return 0;
	*ret = (struct firn_span){ .end = len };
	return 1;
}

static int
next_assigned(const struct firn_rule *rule, const char *text, size_t len,
	      size_t *from, struct firn_span *ret, struct firn_err *err)
{
	struct firn_assigned one;

	while (firn_assigned_next(text, len, from, &one)) {
		size_t start = one.value.start;
		int found = firn_rule_in_value(rule, one.name, text + start,
					       one.value.end - start, ret, err);

		if (found < 0)
			return -1;
		if (found == 0)
			continue;
		ret->match = one.at;
		ret->start += start;
		ret->end += start;
		if (ret->end > *from)
			*from = ret->end;
		return 1;
	}
	return 0;
}

int
firn_rule_in_text(const struct firn_rule *rule, const char *text, size_t len,
		  size_t *from, struct firn_span *ret, struct firn_err *err)
{
	if (rule->keywords.n == 0)
		return 0;
	if (rule->names.n > 0)
		return next_assigned(rule, text, len, from, ret, err);
	return next_match(rule, text, len, from, ret, err);
}

bool
firn_rule_in_file(const struct firn_rule *rule, const char *path,
		  const char *text, size_t len)
{
	if (rule->pattern != NULL || firn_rule_excepts(rule, path, false))
		return false;
	for (size_t i = 0; i < rule->files.n; i++) {
		const char *glob = rule->files.items[i];
		const char *end = strncmp(glob, "~/", 2) == 0
					  ? strstr(path, glob + 1)
					  : NULL;

		if ((end != NULL && strcmp(end, glob + 1) == 0) ||
		    firn_glob(glob, path, strlen(path), false, true))
			return rule->valid == NULL ||
			       rule->valid->holds(text, len);
	}
	return false;
}
