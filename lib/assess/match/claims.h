#ifndef ASSESS_CLAIMS_H
#define ASSESS_CLAIMS_H

/*
 * claims -- what several rules found in the same bytes is one secret: that of
 * the first of them.
 *
 * Which that is can be told once no match can come any more that overlaps
 * them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"

struct firn_span_of {
	uint64_t start, end;
};

struct firn_claim {
	size_t rule; /* the lower, the earlier */
	struct firn_span_of at;
	bool settled;
};

/* Starts as `{ 0 }`; released with firn_claims_free(). */
struct firn_claims {
	struct firn_claim *items;
	size_t n, max;
	struct firn_span_of *taken; /* by rules before; sorted */
	size_t max_taken;
};

void firn_claims_free(struct firn_claims *claims);

/* firn_claims_add(claims, rule, start, end, err) -- one of a rule; those of the
 * same rule don't overlap. */
FIRN_MUST_CHECK int firn_claims_add(struct firn_claims *claims, size_t rule,
				    uint64_t start, uint64_t end,
				    struct firn_err *err);

/*
 * firn_claims_settle(claims, from, until, ret_n, err) -- those that can be told
 * when all matches are known that begin before `until`.
 *
 * The first `*ret_n` of `items` are secrets then, in the order of their rules;
 * they are for the caller to use and to drop.  No claim waits that begins
 * before `from`, if it ends before `until`.
 */
FIRN_MUST_CHECK int firn_claims_settle(struct firn_claims *claims,
				       uint64_t from, uint64_t until,
				       size_t *ret_n, struct firn_err *err);

/* firn_claims_drop(claims, n) -- the first `n`. */
void firn_claims_drop(struct firn_claims *claims, size_t n);

#endif
