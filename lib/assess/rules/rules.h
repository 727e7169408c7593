#ifndef ASSESS_RULES_H
#define ASSESS_RULES_H

/*
 * rules -- how a secret is recognised, and what to do about it: data.
 */

#include <stdbool.h>
#include <stddef.h>

#include "assess/rules/regex.h"
#include "base/yaml.h"
#include "firn/err.h"
#include "firn/secrets.h"

/* P0 opens most: what can mint others, or belongs to an account. */
enum firn_priority {
	FIRN_P0,
	FIRN_P1,
	FIRN_P2,
	FIRN_P3
};

/* firn_priority_names[FIRN_P0] is "P0", ...; ends with NULL. */
extern const char *const firn_priority_names[];

struct firn_rule {
	char *name, *title;
	char *revoke, *rotate, *check, *breaks; /* the guide; may be NULL */
	int priority;                           /* of enum firn_priority */
	int confidence;                         /* of firn_confidence_names */
	struct firn_words names;    /* of variables; globs, any case */
	struct firn_words keywords; /* one must stand in the text; or none */
	struct firn_words files;    /* paths, globs; "~/.netrc" */
	struct firn_words except;   /* names and paths that are none */
	struct firn_regex *pattern; /* NULL: a name or a file is enough */
	struct firn_words match, no_match; /* samples: "NAME=value" or text */
};

extern const char *const firn_confidence_names[];

struct firn_secret_rules {
	struct firn_rule *items; /* those with a pattern first */
	size_t n;
};

/* A YAML file that ships, within firn. */
struct firn_shipped {
	const char *file;
	const char *text, *end;
};
extern const struct firn_shipped firn_shipped_rules[];
extern const size_t firn_n_shipped_rules;

/* firn_rule_excepts(rule, text, folds) -- is this name or path none of it? */
bool firn_rule_excepts(const struct firn_rule *rule, const char *text,
		       bool folds);

/*
 * firn_rule_in_value(rule, name, value, len, ret) -- is the value of a variable
 * a secret of this kind?  1 and where it is in the value, 0, or -1 and `err`.
 */
FIRN_MUST_CHECK int firn_rule_in_value(const struct firn_rule *rule,
				       const char *name, const char *value,
				       size_t len, struct firn_span *ret,
				       struct firn_err *err);

/* firn_rule_in_text(rule, text, len, from, ret, err) -- the next one in a text;
 * as firn_regex_search().  A rule without a pattern finds none. */
FIRN_MUST_CHECK int firn_rule_in_text(const struct firn_rule *rule,
				      const char *text, size_t len,
				      size_t *from, struct firn_span *ret,
				      struct firn_err *err);

#endif
