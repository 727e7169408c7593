#include "assess/match/windows.h"

#include <errno.h>
#include <stdlib.h>

/* A text of nothing but keywords has all rules tried on all of it.  So much for
 * each byte of it, and so much in any case: no text of use needs that. */
#define TRIED_PER_BYTE 64
#define TRIED_ANYWAY ((uint64_t)16 << 20)

static uint64_t
less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t
plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t
lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
higher(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* --- where the keywords are -----------------------------------------------
 */

/* Mostly it only makes the latest one of the rule longer. */
static int
add_window(struct firn_matcher *matcher, size_t number, uint64_t start,
	   uint64_t end, struct firn_err *err)
{
	struct firn_watch *watch = &matcher->watches[number];
	struct firn_window *window;

	if (watch->last > 0) {
		window = &matcher->windows[watch->last - 1];
		if (start <= window->end && end >= window->start) {
			window->start = lower(window->start, start);
			window->end = higher(window->end, end);
			return 0;
		}
	}
	if (matcher->n_windows == matcher->max_windows) {
		size_t max = 2 * matcher->max_windows + 64;

		window = reallocarray(matcher->windows, max, sizeof(*window));
		if (window == NULL)
			return firn_err_nomem(err);
		matcher->windows = window;
		matcher->max_windows = max;
	}
	matcher->windows[matcher->n_windows++] =
		(struct firn_window){ number, start, end };
	watch->last = matcher->n_windows;
	return 0;
}

struct looking {
	struct firn_matcher *matcher;
	uint64_t base, scanned;
	struct firn_err *err;
};

static int
hit(void *context, size_t literal, size_t end)
{
	const struct looking *looking = context;
	struct firn_matcher *matcher = looking->matcher;
	const struct firn_keyword *keyword = &matcher->keywords[literal];
	uint64_t to = looking->base + end;
	uint64_t from = to - matcher->words[literal].len;

	if (to <= looking->scanned)
		return 0; /* known from the time before */
	for (size_t i = 0; i < keyword->n; i++) {
		size_t number = matcher->watch_of[keyword->first + i];
		size_t around = matcher->watches[number].rule->around;
		size_t rest = matcher->watches[number].rest;

		if (add_window(matcher, number, less(from, around),
			       to + rest + around, looking->err) < 0)
			return -1;
	}
	return 0;
}

/* A keyword may have begun in what was looked through before. */
static int
find_keywords(struct firn_matcher *matcher, const struct firn_view *view,
	      uint64_t to, struct firn_err *err)
{
	uint64_t from = higher(view->base,
			       less(view->scanned, matcher->longest_keyword));
	struct looking looking = { matcher, from, view->scanned, err };

	matcher->looked_through += to - view->scanned;
	return firn_literals_scan(matcher->literals,
				  view->text + (from - view->base),
				  (size_t)(to - from), hit, &looking, err);
}

/* --- the rules there ------------------------------------------------------
 */

static void
miss(struct firn_matcher *matcher, struct firn_watch *watch, uint64_t offset,
     const struct firn_err *why)
{
	if (!watch->missed)
		matcher->finder->missed(matcher->finder->context, watch->rule,
					offset, why);
	watch->missed = true;
}

static bool
is_too_much(struct firn_matcher *matcher, struct firn_watch *watch,
	    uint64_t offset)
{
	struct firn_err why = { 0 };

	if (matcher->tried - matcher->tried_before <=
	    TRIED_ANYWAY + TRIED_PER_BYTE * matcher->looked_through)
		return false;
	firn_err_set(&why, E2BIG, "the keywords of too many rules are in it");
	miss(matcher, watch, offset, &why);
	return true;
}

/* Matches that begin before `until`; how long one is further on can't be told
 * yet. */
static int
try_window(struct firn_matcher *matcher, const struct firn_view *view,
	   const struct firn_window *window, uint64_t until,
	   struct firn_err *err)
{
	struct firn_watch *watch = &matcher->watches[window->watch];
	uint64_t start = higher(window->start, watch->from);
	uint64_t end = lower(plus(window->end, FIRN_LOOKAROUND),
			     view->base + view->len);
	size_t from = (size_t)(start - view->base);
	struct firn_err why = { 0 };
	struct firn_span span;
	int n;

	until = lower(until, end);
	if (start >= until || is_too_much(matcher, watch, start))
		return 0;
	matcher->tried += until - start;
	while ((n = firn_rule_in_text(watch->rule, view->text,
				      (size_t)(end - view->base), &from, &span,
				      &why)) > 0) {
		if (view->base + span.match >= until)
			return 0;
		if (firn_claims_add(&matcher->claims, window->watch,
				    view->base + span.start,
				    view->base + span.end, err) < 0)
			return -1;
		watch->from = view->base + from;
	}
	if (n < 0)
		miss(matcher, watch, view->base + from, &why);
	return 0;
}

static int
by_rule_and_place(const void *a, const void *b)
{
	const struct firn_window *x = a, *y = b;

	if (x->watch != y->watch)
		return x->watch < y->watch ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/* Those that overlap become one; how many are left. */
static size_t
join(struct firn_window *windows, size_t n)
{
	size_t left = 0;

	if (n == 0)
		return 0;
	qsort(windows, n, sizeof(*windows), by_rule_and_place);
	for (size_t i = 1; i < n; i++) {
		struct firn_window *to = &windows[left];

		if (windows[i].watch == to->watch &&
		    windows[i].start <= to->end)
			to->end = higher(to->end, windows[i].end);
		else
			windows[++left] = windows[i];
	}
	return left + 1;
}

static void
begin_rule(const struct firn_matcher *matcher, struct firn_watch *watch)
{
	watch->last = 0;
	if (watch->text == matcher->n_texts)
		return;
	watch->text = matcher->n_texts;
	watch->from = 0;
	watch->missed = false;
}

/* What remains is kept as an open window for the next time.  All rules go
 * equally far, so that it's known then what each has found. */
static int
try_rules(struct firn_matcher *matcher, const struct firn_view *view,
	  uint64_t until, struct firn_err *err)
{
	size_t n = join(matcher->windows, matcher->n_windows), open = 0;

	for (size_t i = 0; i < n; i++) {
		struct firn_window window = matcher->windows[i];

		if (i == 0 || window.watch != matcher->windows[i - 1].watch)
			begin_rule(matcher, &matcher->watches[window.watch]);
		if (try_window(matcher, view, &window, until, err) < 0)
			return -1;
		if (window.end <= until)
			continue;
		window.start = higher(window.start, until);
		matcher->windows[open++] = window;
	}
	for (size_t i = 0; i < open; i++)
		matcher->watches[matcher->windows[i].watch].last = i + 1;
	matcher->n_windows = open;
	return 0;
}

static int
tell(struct firn_matcher *matcher, const struct firn_view *view, uint64_t until,
     struct firn_err *err)
{
	const struct firn_finder *finder = matcher->finder;
	size_t n;

	if (firn_claims_settle(&matcher->claims,
			       less(until, matcher->longest_match), until, &n,
			       err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct firn_claim *claim = &matcher->claims.items[i];
		const struct firn_found found = {
			.rule = matcher->watches[claim->rule].rule,
			.value = view->text + (claim->at.start - view->base),
			.len = (size_t)(claim->at.end - claim->at.start),
			.offset = claim->at.start,
			.text = view->text,
			.text_len = view->len,
		};

		if (finder->found(finder->context, &found, err) < 0)
			return -1;
	}
	firn_claims_drop(&matcher->claims, n);
	return 0;
}

/* --- a text ---------------------------------------------------------------
 */

void
firn_windows_start(struct firn_matcher *matcher,
		   const struct firn_finder *finder)
{
	for (size_t i = 0; i < matcher->n_windows; i++)
		matcher->watches[matcher->windows[i].watch].last = 0;
	matcher->n_windows = 0;
	matcher->claims.n = 0;
	matcher->finder = finder;
	matcher->n_texts++;
	matcher->tried_before = matcher->tried;
	matcher->looked_through = 0;
}

int
firn_windows_scan(struct firn_matcher *matcher, const struct firn_view *view,
		  uint64_t to, struct firn_err *err)
{
	uint64_t until =
		view->last ? UINT64_MAX
			   : less(to, matcher->longest_match + FIRN_LOOKAROUND);

	if (find_keywords(matcher, view, to, err) < 0 ||
	    try_rules(matcher, view, until, err) < 0)
		return -1;
	return tell(matcher, view, until, err);
}
