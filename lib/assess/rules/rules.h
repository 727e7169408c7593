#ifndef ASSESS_RULES_H
#define ASSESS_RULES_H

/*
 * rules -- how a secret is recognised: data.
 *
 * A rule finds by its pattern in any text; by the name of a variable, and then
 * by its pattern in the value; by the path of a file; or, when it is `reach`,
 * by what could be reached, without any value.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "assess/rules/guides.h"
#include "assess/rules/regex.h"
#include "assess/rules/valid.h"
#include "base/shipped.h"
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

/* How far from a keyword in it a match reaches, in bytes, to either side,
 * unless the rule says `around`. */
#define FIRN_RULE_AROUND 4096

struct firn_rule {
	char *name, *title;
	char *provider; /* its guide's, unless it says its own */
	const struct firn_guide *guide; /* never NULL */
	char *guide_name;
	int priority;                   /* of enum firn_priority */
	int confidence;                 /* of firn_confidence_names */
	struct firn_words names;        /* of variables; globs, any case */
	struct firn_words keywords;     /* one stands in each match */
	bool folds;                     /* keywords in either case */
	size_t around;                  /* bytes; FIRN_RULE_AROUND */
	struct firn_words files;        /* paths, globs; "~/.netrc" */
	struct firn_words except;       /* names and paths that are none */
	struct firn_regex *pattern;     /* NULL: a name or a file is enough */
	const struct firn_valid *valid; /* NULL for none */
	double entropy;                 /* at least, bits per byte; 0 any */
	bool reach;
	struct firn_words match, no_match; /* samples: "NAME=value" or text */
};

extern const char *const firn_confidence_names[];

struct firn_secret_rules {
	struct firn_rule *items; /* those with a pattern first */
	size_t n;
	struct firn_guide *guides;
	size_t n_guides;
};

/* The YAML files that ship: rules, and guides. */
extern const struct firn_shipped firn_shipped_rules[];
extern const size_t firn_n_shipped_rules;

/* firn_rule_named(rules, name) -- NULL if there is none. */
const struct firn_rule *firn_rule_named(const struct firn_secret_rules *rules,
					const char *name);

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

/* firn_rule_has_keyword(rule, text, len) -- does one stand in it?  Where none
 * does, there is no match of the rule.  A rule that has none isn't for texts.
 */
bool firn_rule_has_keyword(const struct firn_rule *rule, const char *text,
			   size_t len);

/*
 * firn_rule_in_text(rule, text, len, from, ret, err) -- the next one in a text,
 * by pattern, structure and entropy, and no placeholder; as
 * firn_regex_search().  Keywords are not looked for.
 *
 * Rules with names find "NAME=value", "name: value" and the like.  What
 * overlaps a span of a rule before this one is no second secret.
 */
FIRN_MUST_CHECK int firn_rule_in_text(const struct firn_rule *rule,
				      const char *text, size_t len,
				      size_t *from, struct firn_span *ret,
				      struct firn_err *err);

/*
 * firn_rule_in_file(rule, path, text, len) -- is a whole file a secret of this
 * kind, by its path in the container and its structure?  Never for rules that
 * have a pattern: they find what is within.
 */
bool firn_rule_in_file(const struct firn_rule *rule, const char *path,
		       const char *text, size_t len);

/*
 * firn_rule_facts(rule, value, len, facts) -- what the value itself says, into
 * an object: "account", "key_id", "user", "host", "issuer", "expires", ...
 *
 * Nothing of it lets one guess the value, and nothing is verified.
 */
void firn_rule_facts(const struct firn_rule *rule, const char *value,
		     size_t len, json_t *facts);

/* firn_rule_facts_around(rule, text, len, at, facts) -- what stands around the
 * secret that firn_rule_in_text() found at `at`: each group of the pattern that
 * has a name, but for the secret: "user", "host", "database", ... */
void firn_rule_facts_around(const struct firn_rule *rule, const char *text,
			    size_t len, size_t at, json_t *facts);

#endif
