/*
 * matcher -- how fast secrets are looked for, against the memory's own speed,
 * and what it costs to look for more kinds of them.
 *
 *	bench_matcher FILE...
 *
 * Each file is a text (bench/matcher.sh makes some).  Its bytes are summed,
 * copied, looked through by all rules at once, and by one after the other.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "assess/match/matcher.h"
#include "base/auto.h"
#include "base/io.h"

#define TEXT_MAX ((size_t)1 << 30)
#define ROUNDS 5

/* What one rule after the other is tried on: all of it takes minutes. */
#define ONE_BY_ONE ((size_t)8 << 20)

static uint64_t sum;
static size_t n_found;

struct text {
	const char *name;
	char *bytes;
	size_t len;
};

static int
found(void *context, const struct firn_found *one, struct firn_err *err)
{
	(void)context;
	(void)one;
	(void)err;
	n_found++;
	return 0;
}

static void
missed(void *context, const struct firn_rule *rule, uint64_t offset,
       const struct firn_err *why)
{
	(void)context;
	printf("    missed: %s from byte %llu: %s\n", rule->name,
	       (unsigned long long)offset, why->text);
}

static const struct firn_finder finder = { found, missed, NULL };

static void
fail(const struct firn_err *err)
{
	fprintf(stderr, "matcher: %s\n", err->text);
	exit(1);
}

/* --- ways to go through a text --------------------------------------------
 */

static void
add_up(const struct text *text, void *arg)
{
	const uint64_t *words = (const uint64_t *)(const void *)text->bytes;

	(void)arg;
	for (size_t i = 0; i < text->len / 8; i++)
		sum += words[i];
}

static void
copy(const struct text *text, void *arg)
{
	memcpy(arg, text->bytes, text->len);
	sum += ((const unsigned char *)arg)[text->len / 2];
}

static void
at_once(const struct text *text, void *arg)
{
	struct firn_err err = { 0 };

	if (firn_matcher_text(arg, text->bytes, text->len, &finder, &err) < 0)
		fail(&err);
}

static void
in_pieces(const struct text *text, void *arg)
{
	struct firn_err err = { 0 };
	int done = firn_matcher_start(arg, &finder, &err);

	for (size_t at = 0; done == 0 && at < text->len; at += 1 << 20) {
		size_t part = text->len - at;

		done = firn_matcher_add(arg, text->bytes + at,
					part < 1 << 20 ? part : 1 << 20, &err);
	}
	if (done < 0 || firn_matcher_end(arg, &err) < 0)
		fail(&err);
}

static void
one_by_one(const struct text *text, void *arg)
{
	const struct firn_secret_rules *rules = arg;
	struct firn_err err = { 0 };

	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_rule *rule = &rules->items[i];
		struct firn_span span;
		size_t from = 0;

		if (rule->keywords.n == 0)
			continue;
		while (firn_rule_in_text(rule, text->bytes, text->len, &from,
					 &span, &err) > 0)
			n_found++;
	}
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Processor time: the machine may be busy with other things. */
static uint64_t
processor_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The median, in GB/s. */
static double
speed(const struct text *text, int rounds,
      void (*way)(const struct text *, void *), void *arg)
{
	double seconds[ROUNDS];

	for (int i = 0; i < rounds; i++) {
		uint64_t start = processor_ns();

		n_found = 0;
		way(text, arg);
		seconds[i] = (double)(processor_ns() - start) / 1e9;
	}
	qsort(seconds, (size_t)rounds, sizeof(*seconds), by_size);
	return (double)text->len / 1e9 / seconds[rounds / 2];
}

/* --- how many rules -------------------------------------------------------
 */

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

static char *
random_word(unsigned seed)
{
	char word[16];

	for (size_t i = 0; i < 6; i++) {
		seed = seed * 1103515245 + 12345;
		word[i] = letters[(seed >> 16) % (sizeof(letters) - 1)];
	}
	word[6] = '\0';
	return strdup(word);
}

/* Each with a keyword of its own. */
static void
make_rules(struct firn_secret_rules *rules, size_t n)
{
	struct firn_err err = { 0 };

	rules->items = calloc(n, sizeof(*rules->items));
	rules->n = n;
	for (size_t i = 0; i < n; i++) {
		struct firn_rule *rule = &rules->items[i];
		char pattern[96];

		rule->name = random_word((unsigned)i + 1);
		rule->keywords.items = calloc(1, sizeof(char *));
		rule->keywords.items[0] = random_word((unsigned)i + 1);
		rule->keywords.n = 1;
		rule->around = 128;
		snprintf(pattern, sizeof(pattern),
			 "\\b(?<secret>%s[A-Za-z0-9]{20,40})\\b", rule->name);
		if (firn_regex_compile(&rule->pattern, pattern, &err) < 0)
			fail(&err);
	}
}

static void
compare_numbers(const struct text *text)
{
	static const size_t numbers[] = { 10, 100, 300, 1000 };
	struct text part = *text;

	if (part.len > ONE_BY_ONE)
		part.len = ONE_BY_ONE;
	for (size_t i = 0; i < 4; i++) {
		struct firn_secret_rules rules = { 0 };
		struct firn_matcher *matcher = NULL;
		struct firn_err err = { 0 };
		uint64_t start;
		double open_ms;

		make_rules(&rules, numbers[i]);
		start = processor_ns();
		if (firn_matcher_open(&matcher, &rules, &err) < 0)
			fail(&err);
		open_ms = (double)(processor_ns() - start) / 1e6;
		printf("  %4zu rules: made in %5.1f ms, %6.2f GB/s at once, "
		       "%8.4f GB/s one by one\n",
		       numbers[i], open_ms,
		       speed(text, ROUNDS, at_once, matcher),
		       speed(&part, 1, one_by_one, &rules));
		firn_matcher_close(&matcher);
	}
}

static void
run(const struct text *text, struct firn_matcher *matcher,
    struct firn_secret_rules *rules)
{
	struct text part = *text;
	char *to = malloc(text->len);

	if (part.len > ONE_BY_ONE)
		part.len = ONE_BY_ONE;
	printf("%s, %zu MiB\n", text->name, text->len >> 20);
	printf("  summed      %6.2f GB/s\n", speed(text, ROUNDS, add_up, NULL));
	printf("  copied      %6.2f GB/s\n", speed(text, ROUNDS, copy, to));
	printf("  at once     %6.2f GB/s",
	       speed(text, ROUNDS, at_once, matcher));
	printf(", %zu found\n", n_found);
	printf("  in pieces   %6.2f GB/s",
	       speed(text, ROUNDS, in_pieces, matcher));
	printf(", %zu found\n", n_found);
	printf("  one by one  %8.4f GB/s\n",
	       speed(&part, 1, one_by_one, rules));
	free(to);
}

int
main(int argc, char **argv)
{
	struct firn_secret_rules *rules = NULL;
	struct firn_matcher *matcher = NULL;
	struct firn_err err = { 0 };
	uint64_t start = processor_ns();

	if (firn_secret_rules_open(&rules, NULL, 0, &err) < 0)
		fail(&err);
	printf("%zu rules read in %.1f ms\n", rules->n,
	       (double)(processor_ns() - start) / 1e6);
	start = processor_ns();
	if (firn_matcher_open(&matcher, rules, &err) < 0)
		fail(&err);
	printf("matcher made in %.1f ms\n",
	       (double)(processor_ns() - start) / 1e6);
	for (int i = 1; i < argc; i++) {
		struct text text = { .name = argv[i] };

		if (firn_read_at(AT_FDCWD, argv[i], TEXT_MAX, &text.bytes,
				 &text.len, &err) < 0)
			fail(&err);
		run(&text, matcher, rules);
		compare_numbers(&text);
		free(text.bytes);
	}
	firn_matcher_close(&matcher);
	firn_secret_rules_close(&rules);
	return sum == 42;
}
