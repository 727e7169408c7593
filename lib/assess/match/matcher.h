#ifndef ASSESS_MATCHER_H
#define ASSESS_MATCHER_H

/*
 * matcher -- what any rule finds in a text, with one look at each byte.
 *
 * A match of a rule holds one of its keywords.  All keywords of all rules are
 * looked for at once; where one stands, its rule is tried on what is around it.
 * What is around several of them is joined, so that no rule is tried twice on
 * the same bytes, whatever the text is made of.
 */

#include <stdint.h>

#include "assess/rules/rules.h"

struct firn_matcher;

/*
 * firn_matcher_open(ret, rules, err) -- for the rules that find something by
 * what it is, without a name; `rules` is borrowed.
 */
FIRN_MUST_CHECK int firn_matcher_open(struct firn_matcher **ret,
				      const struct firn_secret_rules *rules,
				      struct firn_err *err);
void firn_matcher_close(struct firn_matcher **matcher);

/* A secret in a text. */
struct firn_found {
	const struct firn_rule *rule;
	const char *value; /* valid during the call */
	size_t len;
	uint64_t offset; /* of the value in the text */

	/* As much of the text as is in memory: the value stands in it. */
	const char *text;
	size_t text_len;
};

/* Who is told of them.  Neither may use the matcher meanwhile. */
struct firn_finder {
	/* Each once; within 1 MiB of text in the order of the rules, and then
	 * in that of the text.  -1 and `err` ends the search. */
	int (*found)(void *context, const struct firn_found *found,
		     struct firn_err *err);

	/* A rule could not be tried on all of the text, from `offset` on: a
	 * gap.  Once for each rule and text. */
	void (*missed)(void *context, const struct firn_rule *rule,
		       uint64_t offset, const struct firn_err *why);
	void *context;
};

/* firn_matcher_text(matcher, text, len, finder, err) -- whatever it holds. */
FIRN_MUST_CHECK int firn_matcher_text(struct firn_matcher *matcher,
				      const char *text, size_t len,
				      const struct firn_finder *finder,
				      struct firn_err *err);

/* firn_matcher_tried(matcher) -- bytes that rules were tried on since it was
 * opened, summed over the rules: the work, apart from looking for keywords. */
uint64_t firn_matcher_tried(const struct firn_matcher *matcher);

/*
 * A text that comes in pieces and is longer than memory, one at a time.
 *
 * firn_matcher_start(matcher, finder, err) -- a new one begins.
 * firn_matcher_add(matcher, bytes, len, err) -- its next bytes.
 * firn_matcher_end(matcher, err) -- that was all.
 *
 * Takes 1 MiB, which is wiped at the end.  What is found, and where, doesn't
 * depend on how the text is cut in pieces.
 */
FIRN_MUST_CHECK int firn_matcher_start(struct firn_matcher *matcher,
				       const struct firn_finder *finder,
				       struct firn_err *err);
FIRN_MUST_CHECK int firn_matcher_add(struct firn_matcher *matcher,
				     const char *bytes, size_t len,
				     struct firn_err *err);
FIRN_MUST_CHECK int firn_matcher_end(struct firn_matcher *matcher,
				     struct firn_err *err);

#endif
