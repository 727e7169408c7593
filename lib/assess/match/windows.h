#ifndef ASSESS_WINDOWS_H
#define ASSESS_WINDOWS_H

/*
 * windows -- the parts of a text that a rule is tried on.
 *
 * A window is what a match around a keyword can reach.  One stays open while
 * what has been looked through doesn't tell yet where it ends.  All offsets are
 * of the text, not of the part of it that is in memory.
 */

#include "assess/match/claims.h"
#include "assess/match/literals.h"
#include "assess/match/matcher.h"
#include "base/secret.h"

/* What a pattern may look at before and behind a match: \b, (?!...). */
#define FIRN_LOOKAROUND 64

/* A rule, and how far it is in the text of now. */
struct firn_watch {
	const struct firn_rule *rule;
	size_t rest;   /* of its keywords, behind what is looked for */
	uint64_t text; /* number of the text that the rest is about */
	uint64_t from; /* behind its last match */
	size_t last;   /* its latest window, + 1; 0 for none */
	bool missed;
};

struct firn_window {
	size_t watch;
	uint64_t start, end;
};

/* A keyword of one rule or of several. */
struct firn_keyword {
	size_t first, n; /* of `watch_of` */
};

struct firn_matcher {
	struct firn_watch *watches;
	size_t n_watches;

	struct firn_literals *literals;
	struct firn_literal *words; /* what they were made of */
	struct firn_keyword *keywords;
	size_t n_keywords;
	size_t *watch_of;
	size_t longest_keyword, longest_match;

	struct firn_window *windows;
	size_t n_windows, max_windows;

	struct firn_claims claims;

	const struct firn_finder *finder;
	uint64_t n_texts;
	uint64_t tried;          /* bytes, of all texts */
	uint64_t tried_before;   /* this one */
	uint64_t looked_through; /* of this one */

	/* Of a text that comes in pieces. */
	struct firn_secret buffer;
	size_t size, have, used;
	uint64_t base, scanned;
};

/* The part of the text that is in memory. */
struct firn_view {
	const char *text;
	size_t len;
	uint64_t base;    /* where it begins */
	uint64_t scanned; /* so far were keywords looked for before */
	bool last;        /* it ends where the text does */
};

/* firn_windows_start(matcher, finder) -- a new text. */
void firn_windows_start(struct firn_matcher *matcher,
			const struct firn_finder *finder);

/* firn_windows_scan(matcher, view, to, err) -- look for keywords up to `to`,
 * and try the rules where that tells enough. */
FIRN_MUST_CHECK int firn_windows_scan(struct firn_matcher *matcher,
				      const struct firn_view *view, uint64_t to,
				      struct firn_err *err);

#endif
