#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assess/match/matcher.h"
#include "assess/match/windows.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/io.h"

/* What may be found, in the order it was found. */
struct hit {
	const struct firn_rule *rule;
	uint64_t offset;
	size_t len;
};

struct hits {
	struct hit *items;
	size_t n, size;
	size_t missed; /* rules that were given up */
	uint64_t missed_at;
	int missed_code;
};

static struct firn_err err;
static struct firn_secret_rules *rules;
static struct firn_matcher *matcher;
static struct hits hits, expected;
static char folder[64];

static void
add_hit(struct hits *to, const struct firn_rule *rule, uint64_t offset,
	size_t len)
{
	if (to->n == to->size) {
		to->size = 2 * to->size + 16;
		to->items =
			reallocarray(to->items, to->size, sizeof(*to->items));
		ck_assert_ptr_nonnull(to->items);
	}
	to->items[to->n++] = (struct hit){ rule, offset, len };
}

static int
found(void *context, const struct firn_found *one, struct firn_err *why)
{
	(void)why;
	add_hit(context, one->rule, one->offset, one->len);
	return 0;
}

static void
missed(void *context, const struct firn_rule *rule, uint64_t offset,
       const struct firn_err *why)
{
	struct hits *to = context;

	(void)rule;
	to->missed++;
	to->missed_at = offset;
	to->missed_code = why->code;
}

static const struct firn_finder finder = { found, missed, &hits };

static void
forget(void)
{
	hits.n = hits.missed = 0;
	expected.n = expected.missed = 0;
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-matcher-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
teardown(void)
{
	char command[96];

	firn_matcher_close(&matcher);
	firn_secret_rules_close(&rules);
	free(hits.items);
	free(expected.items);
	hits = expected = (struct hits){ 0 };
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* Those that ship, and these. */
static void
open_rules(const char *own)
{
	const char *const folders[] = { folder };
	autoclose int fd = -1;
	char path[96];

	snprintf(path, sizeof(path), "%s/own.yaml", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_ok(firn_write_all(fd, path, own, strlen(own), &err));
	ck_ok(firn_secret_rules_open(&rules, folders, 1, &err));
	ck_ok(firn_matcher_open(&matcher, rules, &err));
}

#define RULE(name, keyword, pattern)                                         \
	"  - {name: " name ", title: t, priority: P3, guide: github-token, " \
	"keywords: ['" keyword "'], pattern: '" pattern "'}\n"

/* One that is always found. */
#define TOKEN "tokenkwTqhzvxjwkpmrbtdlgqhzvxjwkpmr"
#define TOKEN_RULE \
	RULE("odd-token", "kwT", "\\btoken(?<secret>kwT[a-z]{24,28})\\b")

/* Around their keyword, before it and behind it; with one that a match of
 * itself or of another holds, too. */
static const char odd_rules[] =
	"rules:\n" TOKEN_RULE RULE("odd-in-front", "kwA",
				   "kwA(?<secret>[a-f]{3,40})(?![a-f])")
		RULE("odd-behind", "kwB", "\\b(?<secret>[0-9]{3,90}kwB)")
			RULE("odd-between", "kwC",
			     "(?<=x)[0-9]{0,20}kwC[0-9]{0,20};")
				RULE("odd-repeated", "kwD", "(?:kwD){2,30}")
					RULE("odd-within", "kwD",
					     "kwD(?:[a-f]{3,9}|kw[A-C])?");

/* --- what is expected -----------------------------------------------------
 */

/* One rule after the other on all of the text; what a rule before has found is
 * found. */
static void
search_one_by_one(const char *text, size_t len)
{
	autofree bool *taken = calloc(len + 1, sizeof(*taken));

	ck_assert_ptr_nonnull(taken);
	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_rule *rule = &rules->items[i];
		struct firn_span span;
		size_t from = 0, n;

		if (!firn_rule_has_keyword(rule, text, len))
			continue;
		while (firn_rule_in_text(rule, text, len, &from, &span, &err) >
		       0) {
			n = span.end - span.start;
			/* What it promises of each match. */
			if (!firn_rule_has_keyword(rule, text + span.match,
						   from - span.match))
				continue;
			if (memchr(taken + span.start, true, n) != NULL)
				continue;
			add_hit(&expected, rule, span.start, n);
			memset(taken + span.start, true, n);
		}
	}
}

static int
by_rule_and_offset(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void
ck_same(const char *how)
{
	qsort(hits.items, hits.n, sizeof(*hits.items), by_rule_and_offset);
	for (size_t i = 0; i < hits.n && i < expected.n; i++) {
		const struct hit *a = &hits.items[i], *b = &expected.items[i];

		ck_assert_msg(
			a->rule == b->rule && a->offset == b->offset &&
				a->len == b->len,
			"%s: %s at %llu (%zu) instead of %s at %llu (%zu)", how,
			a->rule->name, (unsigned long long)a->offset, a->len,
			b->rule->name, (unsigned long long)b->offset, b->len);
	}
}

/* --- random texts ---------------------------------------------------------
 */

static uint64_t seed;

static size_t
below(size_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(seed >> 33) % n;
}

/* A sample without the name in front. */
static void
add_sample(struct firn_buf *text)
{
	const struct firn_rule *rule = &rules->items[below(rules->n)];
	const struct firn_words *words =
		below(4) == 0 ? &rule->no_match : &rule->match;
	const char *sample;

	if (words->n == 0)
		return;
	sample = words->items[below(words->n)];
	firn_buf_add(text, sample, strlen(sample));
}

static void
add_something(struct firn_buf *text)
{
	static const char *const odd[] = {
		"kwA", "kwB",    "kwC", "kwD",  "x12kwC3;", "kwDkwD",
		"abc", "abcdef", "123", "1234", "x",        ";",
		" ",   "\n",     "=",   "://",  "\0\0",
	};
	const struct firn_rule *rule = &rules->items[below(rules->n)];
	const char *word = odd[below(sizeof(odd) / sizeof(odd[0]))];
	char byte = (char)below(256);

	switch (below(5)) {
	case 0:
		add_sample(text);
		break;
	case 1:
		if (rule->keywords.n == 0)
			break;
		word = rule->keywords.items[below(rule->keywords.n)];
		firn_buf_add(text, word, strlen(word));
		break;
	case 2:
		firn_buf_add(text, &byte, 1);
		break;
	case 3: /* far apart */
		firn_buf_fill(text, ' ', below(30) == 0 ? below(9000) : 1);
		break;
	default:
		firn_buf_add(text, word, strlen(word));
	}
}

static void
make_text(struct firn_buf *text, size_t len)
{
	while (text->len < len)
		add_something(text);
	ck_ok(firn_buf_check(text, &err));
}

static void
search_in_pieces(const char *text, size_t len, size_t longest)
{
	ck_ok(firn_matcher_start(matcher, &finder, &err));
	for (size_t at = 0; at < len;) {
		size_t part = 1 + below(longest);

		if (part > len - at)
			part = len - at;
		ck_ok(firn_matcher_add(matcher, text + at, part, &err));
		at += part;
	}
	ck_ok(firn_matcher_end(matcher, &err));
}

static void
compare(const char *text, size_t len, size_t longest_piece)
{
	forget();
	search_one_by_one(text, len);
	ck_ok(firn_matcher_text(matcher, text, len, &finder, &err));
	ck_assert_uint_eq(hits.missed, 0);
	ck_same("at once");
	hits.n = 0;
	search_in_pieces(text, len, longest_piece);
	ck_same("in pieces");
	ck_assert_uint_eq(hits.missed, 0);
}

START_TEST(random_texts_give_what_one_rule_after_the_other_gives)
{
	size_t n = 0;

	open_rules(odd_rules);
	for (int i = 0; i < 60; i++) {
		autobuf struct firn_buf text = { 0 };

		seed = (uint64_t)i + 1;
		make_text(&text, below(i % 25 == 0 ? 30000 : 3000));
		compare(text.len > 0 ? text.data : "", text.len, 700);
		n += expected.n;
	}
	ck_assert_uint_gt(n, 200);
}
END_TEST

/* Mostly of nothing, as texts are: else keywords of all rules stand everywhere.
 */
START_TEST(a_text_of_several_blocks_gives_the_same)
{
	autobuf struct firn_buf text = { 0 };

	open_rules(odd_rules);
	seed = 1000;
	while (text.len < 2u << 20) {
		size_t len = text.len + below(4000);

		make_text(&text, len);
		firn_buf_fill(&text, '.', 20000 + below(30000));
	}
	ck_ok(firn_buf_check(&text, &err));
	compare(text.data, text.len, 300000);
	ck_assert_uint_gt(expected.n, 100);
}
END_TEST

/* --- where blocks meet ----------------------------------------------------
 */

/* Found once, and only once, wherever it stands. */
static void
ck_once(char *text, size_t len, size_t at)
{
	memcpy(text + at, " " TOKEN " ", sizeof(TOKEN) + 1);
	hits.n = 0;
	ck_ok(firn_matcher_start(matcher, &finder, &err));
	ck_ok(firn_matcher_add(matcher, text, len, &err));
	ck_ok(firn_matcher_end(matcher, &err));
	ck_assert_msg(hits.n == 1, "at %zu: %zu", at, hits.n);
	ck_assert_uint_eq(hits.items[0].offset, at + 6);
	hits.n = 0;
	ck_ok(firn_matcher_text(matcher, text, len, &finder, &err));
	ck_assert_msg(hits.n == 1, "at once, at %zu: %zu", at, hits.n);
	memset(text + at, '.', sizeof(TOKEN) + 1);
}

START_TEST(a_secret_across_the_end_of_a_block_is_found_once)
{
	size_t border, keep, len;
	autofree char *text = NULL;

	open_rules(odd_rules);
	ck_ok(firn_matcher_start(matcher, &finder, &err));
	ck_ok(firn_matcher_end(matcher, &err));
	border = matcher->size;
	keep = matcher->longest_match + FIRN_LOOKAROUND;
	len = border + 20000;
	text = malloc(len);
	ck_assert_ptr_nonnull(text);
	memset(text, '.', len);
	/* Of what is looked through, of what is tried, of a text's blocks. */
	for (size_t at = 0; at < sizeof(TOKEN) + 8; at++) {
		ck_once(text, len, border - at);
		ck_once(text, len, border - keep - at);
		ck_once(text, len, (1u << 20) - at);
	}
	ck_once(text, len, 0);
	ck_once(text, len, len - sizeof(TOKEN) - 1);
}
END_TEST

START_TEST(zeros_and_bytes_that_are_no_text_hide_nothing)
{
	char text[4096];

	open_rules(odd_rules);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7 % 3 == 0 ? 0 : 0x80 + i % 128);
	memcpy(text + 1000, "\0" TOKEN, sizeof(TOKEN) + 1);
	ck_ok(firn_matcher_text(matcher, text, sizeof(text), &finder, &err));
	ck_assert_uint_eq(hits.n, 1);
	ck_assert_uint_eq(hits.items[0].offset, 1006);
}
END_TEST

START_TEST(what_comes_before_a_block_counts_for_a_match_in_it)
{
	autofree char *text = NULL;
	size_t len, at;

	open_rules(odd_rules);
	ck_ok(firn_matcher_start(matcher, &finder, &err));
	ck_ok(firn_matcher_end(matcher, &err));
	len = matcher->size + 1000;
	text = malloc(len);
	ck_assert_ptr_nonnull(text);
	for (size_t shift = 0; shift < 40; shift++) {
		memset(text, '.', len);
		/* \b fails in front of the first, holds for the second. */
		at = matcher->size - shift;
		memcpy(text + at, "y123kwB .123kwB", 15);
		hits.n = 0;
		search_in_pieces(text, len, len);
		ck_assert_uint_eq(hits.n, 1);
		ck_assert_uint_eq(hits.items[0].offset, at + 9);
	}
}
END_TEST

/* --- texts that are meant to hold us up -----------------------------------
 */

#define HOSTILE ((size_t)16 << 20)

static void
fill(struct firn_buf *text, const char *with, size_t len)
{
	size_t one = strlen(with);

	for (size_t n = 0; n < len / one; n++)
		firn_buf_add(text, with, one);
	ck_ok(firn_buf_check(text, &err));
}

/* No byte is tried twice by the same rule. */
static void
ck_linear(const struct firn_buf *text, uint64_t most_rules)
{
	uint64_t before = firn_matcher_tried(matcher);

	hits.n = 0;
	ck_ok(firn_matcher_text(matcher, text->data, text->len, &finder, &err));
	ck_assert_uint_le(firn_matcher_tried(matcher) - before,
			  most_rules * text->len);
	before = firn_matcher_tried(matcher);
	ck_ok(firn_matcher_start(matcher, &finder, &err));
	ck_ok(firn_matcher_add(matcher, text->data, text->len, &err));
	ck_ok(firn_matcher_end(matcher, &err));
	ck_assert_uint_le(firn_matcher_tried(matcher) - before,
			  most_rules * text->len);
}

/* By the beginning of one, which is what is looked for. */
static uint64_t
rules_with(const char *text)
{
	uint64_t n = 0;

	for (size_t i = 0; i < matcher->n_watches; i++) {
		const struct firn_words *words =
			&matcher->watches[i].rule->keywords;
		bool has = false;

		for (size_t k = 0; k < words->n; k++) {
			char part[9];

			snprintf(part, sizeof(part), "%.8s", words->items[k]);
			has |= strcasestr(text, part) != NULL;
		}
		n += has;
	}
	return n;
}

START_TEST(texts_of_keywords_are_tried_once_by_the_rules_that_have_them)
{
	static const char *const texts[] = {
		"ghp_",
		"password=",
		"AKIA",
		"://",
		"eyJ",
		"{\"auth\":",
		"-----BEGIN PRIVATE KEY-----\n",
		"xoxb-",
	};

	open_rules(odd_rules);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		autobuf struct firn_buf text = { 0 };
		char twice[128];

		snprintf(twice, sizeof(twice), "%s%s", texts[i], texts[i]);
		fill(&text, texts[i], HOSTILE / 32);
		ck_linear(&text, rules_with(twice));
	}
}
END_TEST

START_TEST(sixteen_megabytes_of_a_keyword_are_tried_once)
{
	autobuf struct firn_buf text = { 0 };

	open_rules(odd_rules);
	fill(&text, "ghp_", HOSTILE);
	ck_linear(&text, rules_with("ghp_ghp_"));
	ck_assert_uint_eq(hits.missed, 0);
}
END_TEST

START_TEST(all_keywords_in_turn_are_tried_once_by_each_rule)
{
	autobuf struct firn_buf all = { 0 }, text = { 0 };

	open_rules(odd_rules);
	for (size_t i = 0; i < matcher->n_keywords; i++)
		firn_buf_add(&all, matcher->words[i].bytes,
			     matcher->words[i].len);
	ck_ok(firn_buf_check(&all, &err));
	fill(&text, all.data, 1u << 18);
	ck_linear(&text, matcher->n_watches);
}
END_TEST

START_TEST(a_rule_that_runs_into_its_bounds_is_told_and_others_go_on)
{
	autobuf struct firn_buf text = { 0 };

	open_rules(
		"rules:\n" TOKEN_RULE RULE("slow", "kwS", "kwS(?:a+a+)+[bc]"));
	fill(&text, "kwSaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ", 600);
	firn_buf_add(&text, " " TOKEN " ", sizeof(TOKEN) + 1);
	ck_ok(firn_matcher_text(matcher, text.data, text.len, &finder, &err));
	ck_assert_uint_eq(hits.missed, 1);
	ck_assert_int_eq(hits.missed_code, E2BIG);
	ck_assert_uint_eq(hits.n, 1);
}
END_TEST

START_TEST(more_keywords_than_any_text_of_use_has_are_told)
{
	autobuf struct firn_buf own = { 0 }, text = { 0 };
	size_t own_rules = 80;

	firn_buf_addf(&own, "rules:\n" TOKEN_RULE);
	for (size_t i = 0; i < own_rules; i++)
		firn_buf_addf(&own, RULE("flood-%zu", "kwF", "~%zu[0-9]{4}kwF"),
			      i, i);
	ck_ok(firn_buf_check(&own, &err));
	open_rules(own.data);
	fill(&text, "kwF", 8u << 20);
	ck_ok(firn_matcher_text(matcher, text.data, text.len, &finder, &err));
	ck_assert_uint_gt(hits.missed, 0);
	ck_assert_uint_lt(hits.missed, own_rules);
	ck_assert_int_eq(hits.missed_code, E2BIG);
	ck_assert_uint_gt(hits.missed_at, 1u << 20);
	/* And the next text is a new one. */
	ck_ok(firn_matcher_text(matcher, " " TOKEN " ", sizeof(TOKEN) + 1,
				&finder, &err));
	ck_assert_uint_eq(hits.n, 1);
}
END_TEST

START_TEST(the_buffer_of_a_long_text_is_wiped_at_its_end)
{
	open_rules(odd_rules);
	ck_ok(firn_matcher_start(matcher, &finder, &err));
	ck_ok(firn_matcher_add(matcher, " " TOKEN " ", sizeof(TOKEN) + 1,
			       &err));
	ck_ok(firn_matcher_end(matcher, &err));
	ck_assert_uint_eq(hits.n, 1);
	ck_assert_ptr_null(memmem(matcher->buffer.data, 4096, "qhzvxj", 6));
}
END_TEST

static void
add_same(TCase *tcase)
{
	tcase_add_test(tcase,
		       random_texts_give_what_one_rule_after_the_other_gives);
	tcase_add_test(tcase, a_text_of_several_blocks_gives_the_same);
	tcase_add_test(tcase, a_secret_across_the_end_of_a_block_is_found_once);
	tcase_add_test(tcase, zeros_and_bytes_that_are_no_text_hide_nothing);
	tcase_add_test(tcase,
		       what_comes_before_a_block_counts_for_a_match_in_it);
	tcase_add_test(tcase, the_buffer_of_a_long_text_is_wiped_at_its_end);
}

static void
add_hostile(TCase *tcase)
{
	tcase_add_test(
		tcase,
		texts_of_keywords_are_tried_once_by_the_rules_that_have_them);
	tcase_add_test(tcase, sixteen_megabytes_of_a_keyword_are_tried_once);
	tcase_add_test(tcase, all_keywords_in_turn_are_tried_once_by_each_rule);
	tcase_add_test(
		tcase,
		a_rule_that_runs_into_its_bounds_is_told_and_others_go_on);
	tcase_add_test(tcase, more_keywords_than_any_text_of_use_has_are_told);
}

int
main(void)
{
	Suite *suite = suite_create("matcher");
	TCase *tcase = tcase_create("matcher");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	add_same(tcase);
	add_hostile(tcase);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
