#include "assess/match/claims.h"

#include <stdlib.h>
#include <string.h>

void
firn_claims_free(struct firn_claims *claims)
{
	free(claims->items);
	free(claims->taken);
	*claims = (struct firn_claims){ 0 };
}

int
firn_claims_add(struct firn_claims *claims, size_t rule, uint64_t start,
		uint64_t end, struct firn_err *err)
{
	if (claims->n == claims->max) {
		size_t max = 2 * claims->max + 64;
		struct firn_claim *items =
			reallocarray(claims->items, max, sizeof(*items));

		if (items == NULL)
			return firn_err_nomem(err);
		claims->items = items;
		claims->max = max;
	}
	claims->items[claims->n++] = (struct firn_claim){
		.rule = rule,
		.at = { start, end },
	};
	return 0;
}

void
firn_claims_drop(struct firn_claims *claims, size_t n)
{
	if (n == 0)
		return;
	claims->n -= n;
	memmove(claims->items, claims->items + n,
		claims->n * sizeof(*claims->items));
}

static int
by_start(const void *a, const void *b)
{
	const struct firn_claim *x = a, *y = b;

	if (x->at.start != y->at.start)
		return x->at.start < y->at.start ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* What is settled comes first, in the order of the rules. */
static int
by_rule(const void *a, const void *b)
{
	const struct firn_claim *x = a, *y = b;

	if (x->settled != y->settled)
		return x->settled ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return by_start(a, b);
}

static int
by_place(const void *a, const void *b)
{
	const struct firn_span_of *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Those that hang together, from one to the next, are settled together; but a
 * chain of them that is too long to be kept as far as it is known. */
static size_t
mark_settled(struct firn_claims *claims, uint64_t from, uint64_t until)
{
	size_t settled = 0;

	for (size_t i = 0, k; i < claims->n; i = k) {
		uint64_t start = claims->items[i].at.start;
		uint64_t end = claims->items[i].at.end;

		for (k = i + 1;
		     k < claims->n && claims->items[k].at.start < end; k++) {
			if (claims->items[k].at.end > end)
				end = claims->items[k].at.end;
		}
		for (size_t m = i; m < k; m++) {
			struct firn_claim *one = &claims->items[m];

			one->settled = end <= until ||
				       (start < from && one->at.end <= until);
			settled += one->settled;
		}
	}
	return settled;
}

/* The first of the rules has all that it claims; each after it, what is left.
 * What one claims is in order, so both lists are gone through once. */
static size_t
choose(struct firn_claims *claims, size_t n)
{
	struct firn_claim *items = claims->items;
	struct firn_span_of *taken = claims->taken;
	size_t chosen = 0, before = 0, next = 0;

	for (size_t i = 0; i < n; i++) {
		struct firn_claim one = items[i];

		if (i > 0 && one.rule != items[i - 1].rule) {
			if (before > 0 && chosen > before &&
			    taken[before].start < taken[before - 1].end)
				qsort(taken, chosen, sizeof(*taken), by_place);
			before = chosen;
			next = 0;
		}
		while (next < before && taken[next].end <= one.at.start)
			next++;
		items[i].settled =
			next == before || taken[next].start >= one.at.end;
		if (items[i].settled)
			taken[chosen++] = one.at;
	}
	return chosen;
}

/* The chosen ones to the front; what lost is gone. */
static void
keep_chosen(struct firn_claims *claims, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < claims->n; i++) {
		if (i >= n || claims->items[i].settled)
			claims->items[left++] = claims->items[i];
	}
	claims->n = left;
}

int
firn_claims_settle(struct firn_claims *claims, uint64_t from, uint64_t until,
		   size_t *ret_n, struct firn_err *err)
{
	size_t n;

	*ret_n = 0;
	if (claims->n == 0)
		return 0;
	if (claims->n > claims->max_taken) {
		free(claims->taken);
		claims->taken = calloc(claims->max, sizeof(*claims->taken));
		claims->max_taken = claims->taken != NULL ? claims->max : 0;
		if (claims->taken == NULL)
			return firn_err_nomem(err);
	}
	qsort(claims->items, claims->n, sizeof(*claims->items), by_start);
	n = mark_settled(claims, from, until);
	qsort(claims->items, claims->n, sizeof(*claims->items), by_rule);
	*ret_n = choose(claims, n);
	keep_chosen(claims, n);
	return 0;
}
