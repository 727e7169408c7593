#ifndef ASSESS_REGEX_H
#define ASSESS_REGEX_H

/*
 * regex -- patterns over bytes that a suspect chose.
 *
 * Every search is bounded in steps, depth and memory, so that no text can
 * hold it up: one that runs into a bound is an error (E2BIG), never "no".
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"

struct firn_regex;

/* Of a text: from `start` up to `end`; `match` is where all that was matched
 * begins. */
struct firn_span {
	size_t start, end;
	size_t match;
};

/*
 * firn_regex_compile(ret, pattern, err) -- of PCRE2's syntax.
 *
 * Plain parentheses only group.  The group named "secret", or without one the
 * whole match, is what a search finds.  An error says at which byte.
 */
FIRN_MUST_CHECK int firn_regex_compile(struct firn_regex **ret,
				       const char *pattern,
				       struct firn_err *err);
void firn_regex_free(struct firn_regex **regex);

/*
 * firn_regex_search(regex, text, len, from, ret, err) -- the next match.
 *
 * `*from` is where to begin, and after a match where to go on.  Returns 1, 0
 * when there is none, -1.
 */
FIRN_MUST_CHECK int firn_regex_search(struct firn_regex *regex,
				      const char *text, size_t len,
				      size_t *from, struct firn_span *ret,
				      struct firn_err *err);

/* firn_regex_has_groups(regex) -- with a name, but for "secret"? */
bool firn_regex_has_groups(const struct firn_regex *regex);

/* firn_regex_groups(regex, text, len, at, ret) -- of a match that begins at
 * `at`, what each group with a name holds, but for "secret", into the object
 * `ret`.  Bytes that are no UTF-8 are left out. */
void firn_regex_groups(const struct firn_regex *regex, const char *text,
		       size_t len, size_t at, json_t *ret);

/*
 * firn_glob(pattern, text, len, folds, paths) -- is the whole text like this?
 *
 * `*` stands for any bytes.  With `folds`, letters of ASCII match in either
 * case.  With `paths`, `*` stops at a "/" and `**` does not.
 */
bool firn_glob(const char *pattern, const char *text, size_t len, bool folds,
	       bool paths);

#endif
