#include "assess/match/matcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "assess/match/windows.h"
#include "base/auto.h"

/* Of a keyword, so much is looked for: to make a set of longer ones takes five
 * times as long, and few texts have the beginning of one only. */
#define PREFIX 8

/* What is looked through at once. */
#define PIECE ((size_t)1 << 20)

/* --- its keywords ---------------------------------------------------------
 */

/* One keyword of one rule, or its beginning. */
struct use {
	struct firn_literal word;
	size_t watch, rest;
};

static int
by_word(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int order;

	if (x->word.len != y->word.len)
		return x->word.len < y->word.len ? -1 : 1;
	if (x->word.folds != y->word.folds)
		return x->word.folds ? 1 : -1;
	order = memcmp(x->word.bytes, y->word.bytes, x->word.len);
	if (order != 0)
		return order;
	return x->watch < y->watch ? -1 : x->watch > y->watch;
}

static bool
is_same(const struct firn_literal *a, const struct firn_literal *b)
{
	return a->len == b->len && a->folds == b->folds &&
	       memcmp(a->bytes, b->bytes, a->len) == 0;
}

static size_t
count_uses(const struct firn_matcher *matcher)
{
	size_t n = 0;

	for (size_t i = 0; i < matcher->n_watches; i++)
		n += matcher->watches[i].rule->keywords.n;
	return n;
}

static struct use
make_use(const char *word, size_t watch, bool folds)
{
	size_t len = strlen(word), part = len < PREFIX ? len : PREFIX;

	return (struct use){
		.word = { .bytes = word, .len = part, .folds = folds },
		.watch = watch,
		.rest = len - part,
	};
}

static size_t
list_uses(const struct firn_matcher *matcher, struct use *uses)
{
	size_t n = 0;

	for (size_t i = 0; i < matcher->n_watches; i++) {
		const struct firn_words *words =
			&matcher->watches[i].rule->keywords;

		for (size_t k = 0; k < words->n; k++)
			uses[n++] = make_use(words->items[k], i,
					     matcher->watches[i].rule->folds);
	}
	qsort(uses, n, sizeof(*uses), by_word);
	return n;
}

/* A keyword that several rules have is one. */
static void
add_use(struct firn_matcher *matcher, const struct use *use, size_t number)
{
	size_t n = matcher->n_keywords;
	struct firn_watch *watch = &matcher->watches[use->watch];
	size_t longest = 2 * watch->rule->around + use->word.len + use->rest;

	if (n == 0 || !is_same(&matcher->words[n - 1], &use->word)) {
		matcher->words[n] = use->word;
		matcher->keywords[n].first = number;
		matcher->n_keywords++;
	}
	matcher->keywords[matcher->n_keywords - 1].n++;
	matcher->watch_of[number] = use->watch;
	if (use->word.len > matcher->longest_keyword)
		matcher->longest_keyword = use->word.len;
	if (longest > matcher->longest_match)
		matcher->longest_match = longest;
	if (use->rest > watch->rest)
		watch->rest = use->rest;
}

static int
index_keywords(struct firn_matcher *matcher, struct firn_err *err)
{
	size_t n = count_uses(matcher);
	autofree struct use *uses = calloc(n + 1, sizeof(*uses));

	matcher->words = calloc(n + 1, sizeof(*matcher->words));
	matcher->keywords = calloc(n + 1, sizeof(*matcher->keywords));
	matcher->watch_of = calloc(n + 1, sizeof(*matcher->watch_of));
	if (uses == NULL || matcher->words == NULL ||
	    matcher->keywords == NULL || matcher->watch_of == NULL)
		return firn_err_nomem(err);
	n = list_uses(matcher, uses);
	for (size_t i = 0; i < n; i++)
		add_use(matcher, &uses[i], i);
	return firn_literals_open(&matcher->literals, matcher->words,
				  matcher->n_keywords, err);
}

/* --- open and close -------------------------------------------------------
 */

static int
watch_rules(struct firn_matcher *matcher, const struct firn_secret_rules *rules,
	    struct firn_err *err)
{
	matcher->watches = calloc(rules->n + 1, sizeof(*matcher->watches));
	if (matcher->watches == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_rule *rule = &rules->items[i];

		if (rule->keywords.n > 0)
			matcher->watches[matcher->n_watches++].rule = rule;
	}
	return 0;
}

int
firn_matcher_open(struct firn_matcher **ret,
		  const struct firn_secret_rules *rules, struct firn_err *err)
{
	autodone(firn_matcher_close) struct firn_matcher *matcher = NULL;

	matcher = calloc(1, sizeof(*matcher));
	if (matcher == NULL)
		return firn_err_nomem(err);
	if (watch_rules(matcher, rules, err) < 0 ||
	    index_keywords(matcher, err) < 0)
		return -1;
	*ret = firn_steal(matcher);
	return 0;
}

/* So much of the buffer as was used. */
static void
wipe(struct firn_matcher *matcher)
{
	if (matcher->used > 0)
		OPENSSL_cleanse(matcher->buffer.data, matcher->used);
	matcher->used = 0;
}

void
firn_matcher_close(struct firn_matcher **ptr)
{
	struct firn_matcher *matcher = *ptr;

	if (matcher == NULL)
		return;
	wipe(matcher);
	firn_literals_close(&matcher->literals);
	firn_secret_free(&matcher->buffer);
	free(matcher->windows);
	firn_claims_free(&matcher->claims);
	free(matcher->words);
	free(matcher->keywords);
	free(matcher->watch_of);
	free(matcher->watches);
	free(matcher);
	*ptr = NULL;
}

uint64_t
firn_matcher_tried(const struct firn_matcher *matcher)
{
	return matcher->tried;
}

/* --- a text in memory -----------------------------------------------------
 */

int
firn_matcher_text(struct firn_matcher *matcher, const char *text, size_t len,
		  const struct firn_finder *finder, struct firn_err *err)
{
	struct firn_view view = { .text = text, .len = len };

	firn_windows_start(matcher, finder);
	do {
		uint64_t to =
			len - view.scanned > PIECE ? view.scanned + PIECE : len;

		view.last = to == len;
		if (firn_windows_scan(matcher, &view, to, err) < 0)
			return -1;
		view.scanned = to;
	} while (!view.last);
	return 0;
}

/* --- a text in pieces -----------------------------------------------------
 */

int
firn_matcher_start(struct firn_matcher *matcher,
		   const struct firn_finder *finder, struct firn_err *err)
{
	/* A match that isn't known to be whole yet, one that overlaps it, and
	 * what stands before. */
	size_t keep = 2 * matcher->longest_match + 3 * FIRN_LOOKAROUND;

	matcher->size = keep + PIECE;
	if (firn_secret_room(&matcher->buffer, matcher->size, err) < 0)
		return -1;
	matcher->base = matcher->scanned = 0;
	matcher->have = 0;
	firn_windows_start(matcher, finder);
	return 0;
}

static int
scan_buffer(struct firn_matcher *matcher, bool last, struct firn_err *err)
{
	const struct firn_view view = {
		.text = matcher->buffer.data,
		.len = matcher->have,
		.base = matcher->base,
		.scanned = matcher->scanned,
		.last = last,
	};
	uint64_t to = matcher->base + matcher->have;

	matcher->scanned = to;
	return firn_windows_scan(matcher, &view, to, err);
}

static void
make_room(struct firn_matcher *matcher)
{
	char *buffer = matcher->buffer.data;
	size_t keep = matcher->size - PIECE;

	memmove(buffer, buffer + matcher->have - keep, keep);
	matcher->base += matcher->have - keep;
	matcher->have = keep;
}

int
firn_matcher_add(struct firn_matcher *matcher, const char *bytes, size_t len,
		 struct firn_err *err)
{
	while (len > 0) {
		size_t part = matcher->size - matcher->have;

		if (part == 0) {
			if (scan_buffer(matcher, false, err) < 0)
				return -1;
			make_room(matcher);
			continue;
		}
		if (part > len)
			part = len;
		memcpy(matcher->buffer.data + matcher->have, bytes, part);
		matcher->have += part;
		bytes += part;
		len -= part;
		if (matcher->have > matcher->used)
			matcher->used = matcher->have;
	}
	return 0;
}

int
firn_matcher_end(struct firn_matcher *matcher, struct firn_err *err)
{
	int done = scan_buffer(matcher, true, err);

	wipe(matcher);
	return done;
}
