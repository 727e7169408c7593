#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assess/rules/rules.h"
#include "assess/rules/samples.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/io.h"

/*
 * Secrets that were made up, in the places where real ones stand, and texts
 * that hold none.  Prints recall and precision for each kind.
 */

#define SEEDS 3

static struct firn_err err;
static struct firn_secret_rules *rules;

struct score {
	size_t right, all; /* of what is there */
	size_t wrong;      /* of what isn't */
};
static struct score *scores; /* as many as rules */

static void
setup(void)
{
	ck_ok(firn_secret_rules_open(&rules, NULL, 0, &err));
	scores = calloc(rules->n, sizeof(*scores));
	ck_assert_ptr_nonnull(scores);
}

static void
teardown(void)
{
	free(scores);
	firn_secret_rules_close(&rules);
}

/* --- what is there --------------------------------------------------------
 */

/* For a secret that stands for itself. */
static const char *const around_token[] = {
	"# configuration\nAPP_NAME=drill\nVALUE=%s\nOTHER=1\n",
	"{\"name\": \"drill\", \"value\": \"%s\", \"n\": 1}",
	"service:\n  name: drill\n  value: %s\n  n: 1\n",
	"GET https://api.example.org/v1?value=%s&n=1 HTTP/1.1\n",
	"\tconst value = \"%s\"; // drill\n",
	"2026-11-28T19:00:00Z drill[1]: value %s from 10.0.0.7\n",
	"value='%s'\n",
	"<add name=\"drill\">%s</add>\n",
	"--value=%s",
};

/* For a name and its value. */
static const char *const around_name[] = {
	"APP=drill\n%s=%s\nN=1\n",
	"export %s=\"%s\"\n",
	"drill:\n  %s: %s\n  n: 1\n",
	"{\"app\": \"drill\", \"%s\": \"%s\"}",
	"%s = '%s'\n",
	"ENV %s=%s\n",
	"config[\"%s\"] = \"%s\";\n",
	"'%s' => '%s',\n",
	"<%s>%s</x>\n",
	"{\\\"%s\\\": \\\"%s\\\"}",
};

/* For what brings its own surroundings. */
static const char *const around_text[] = {
	"%s",
	"# drill\nAPP=drill\n\n%s\n\nN=1\n",
	"drill\r\n%s\r\n",
};

static bool
finds(const struct firn_rule *rule, const char *text)
{
	struct firn_span span;
	size_t from = 0, len = strlen(text);
	int found;

	if (!firn_rule_has_keyword(rule, text, len))
		return false;
	found = firn_rule_in_text(rule, text, len, &from, &span, &err);
	ck_ok(found < 0 ? -1 : 0);
	return found > 0;
}

static void
try(const struct firn_rule *rule, const char *text)
{
	struct score *score = &scores[rule - rules->items];
	bool found = finds(rule, text);

	score->all++;
	score->right += found;
	if (!found)
		printf("  %s is not found in: %s\n", rule->name, text);
}

static void
try_name(const struct firn_rule *rule, const char *sample)
{
	const char *value = strchr(sample, '=') + 1;
	autofree char *name = strndup(sample, (size_t)(value - sample) - 1);
	struct score *score = &scores[rule - rules->items];
	struct firn_span span;

	score->all++;
	score->right += firn_rule_in_value(rule, name, value, strlen(value),
					   &span, &err) > 0;
	if (rule->keywords.n == 0)
		return;
	for (size_t i = 0; i < sizeof(around_name) / sizeof(char *); i++) {
		autobuf struct firn_buf text = { 0 };
		const char *at = strstr(around_name[i], "%s");

		firn_buf_add(&text, around_name[i],
			     (size_t)(at - around_name[i]));
		firn_buf_addf(&text, "%s", name);
		at += 2;
		firn_buf_add(&text, at, (size_t)(strstr(at, "%s") - at));
		firn_buf_addf(&text, "%s%s", value, strstr(at, "%s") + 2);
		try(rule, text.data);
	}
}

static void
try_around(const struct firn_rule *rule, const char *sample,
	   const char *const *around, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		autobuf struct firn_buf text = { 0 };
		const char *at = strstr(around[i], "%s");

		firn_buf_add(&text, around[i], (size_t)(at - around[i]));
		firn_buf_addf(&text, "%s%s", sample, at + 2);
		try(rule, text.data);
	}
}

/* One word, without a name before it or a quote in it. */
static bool
stands_for_itself(const char *sample)
{
	const char *equals = strchr(sample, '=');

	return strpbrk(sample, " \n\"'<>&") == NULL &&
	       (equals == NULL || equals[strspn(equals, "=")] == '\0' ||
		strstr(sample, "://") != NULL);
}

static void
try_sample(const struct firn_rule *rule, const char *sample)
{
	if (rule->names.n > 0)
		try_name(rule, sample);
	else if (stands_for_itself(sample))
		try_around(rule, sample, around_token,
			   sizeof(around_token) / sizeof(char *));
	else
		try_around(rule, sample, around_text,
			   sizeof(around_text) / sizeof(char *));
}

static void
try_all_kinds(void)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_rule *rule = &rules->items[i];

		for (size_t k = 0; k < rule->match.n * SEEDS; k++) {
			autofree char *sample = NULL;

			ck_ok(firn_sample(rule->match.items[k / SEEDS], 100 + k,
					  &sample, &err));
			try_sample(rule, sample);
		}
	}
}

/* --- what isn't there -----------------------------------------------------
 */

/* The text of a file of the corpus; its lines are for the caller. */
static char *
read_corpus(const char *name)
{
	char path[4096], *text = NULL;
	size_t len;

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	ck_ok(firn_read_at(AT_FDCWD, path, 1 << 20, &text, &len, &err));
	return text;
}

static void
tell_wrong(const struct firn_rule *rule, const char *text,
	   const struct firn_span *span)
{
	scores[rule - rules->items].wrong++;
	printf("  %s is found where there is none: %.*s\n", rule->name,
	       (int)(span->end - span->start), text + span->start);
}

static void
try_traps_in_text(const char *name)
{
	autofree char *text = read_corpus(name);

	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_rule *rule = &rules->items[i];
		struct firn_span span;
		size_t from = 0, len = strlen(text);

		if (!firn_rule_has_keyword(rule, text, len))
			continue;
		while (firn_rule_in_text(rule, text, len, &from, &span, &err) >
		       0)
			tell_wrong(rule, text, &span);
	}
}

static void
try_trap_by_name(char *line)
{
	char *value = strchr(line, '=');

	if (line[0] == '#' || value == NULL)
		return;
	*value++ = '\0';
	for (size_t i = 0; i < rules->n; i++) {
		struct firn_span span;

		if (firn_rule_in_value(&rules->items[i], line, value,
				       strlen(value), &span, &err) > 0)
			tell_wrong(&rules->items[i], value, &span);
	}
}

static void
try_traps_by_name(const char *name)
{
	autofree char *text = read_corpus(name);
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		try_trap_by_name(line);
}

/* --- the tests ------------------------------------------------------------
 */

static void
print_scores(void)
{
	printf("%-36s %10s %10s\n", "kind", "recall", "precision");
	for (size_t i = 0; i < rules->n; i++) {
		const struct score *score = &scores[i];
		size_t said = score->right + score->wrong;

		if (said + score->all == 0)
			continue;
		printf("%-36s %10.3f %10.3f\n", rules->items[i].name,
		       (double)score->right /
			       (double)(score->all > 0 ? score->all : 1),
		       (double)score->right / (double)(said > 0 ? said : 1));
	}
}

START_TEST(each_kind_is_found_wherever_it_stands_and_no_trap_is_one)
{
	struct score sum = { 0 };

	try_all_kinds();
	try_traps_by_name("environment.txt");
	try_traps_in_text("environment.txt");
	try_traps_in_text("text.txt");
	print_scores();
	for (size_t i = 0; i < rules->n; i++) {
		sum.right += scores[i].right;
		sum.all += scores[i].all;
		sum.wrong += scores[i].wrong;
	}
	printf("%zu of %zu found, %zu wrong\n", sum.right, sum.all, sum.wrong);
	ck_assert_uint_gt(sum.all, 5000);
	ck_assert_uint_eq(sum.wrong, 0);
	ck_assert_uint_eq(sum.right, sum.all);
}
END_TEST

/* Of documents of GitHub, npm, AWS and age: none opens anything, and none was
 * made by us.  In two pieces, so that no scanner stops at this file. */
START_TEST(tokens_that_others_published_hold_their_checksums)
{
	static const struct {
		const char *rule, *value;
	} known[] = {
		{ "github-token", "ghp_"
				  "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17" },
		{ "github-token", "ghp_"
				  "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx" },
		{ "aws-session-key-id", "ASIA"
					"QNZGKIQY56JQ7WML" },
		{ "bitcoin-key", "bitcoin wif 5HueCGU8rMjxEXxiPuD5BDku4MkFqe"
				 "Zyd4dZ1jvhTVqvbTLvyTJ" },
		{ "age-key",
		  "AGE-SECRET-KEY-1"
		  "GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGF"
		  "PQ4EGAEX" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct firn_rule *rule =
			firn_rule_named(rules, known[i].rule);

		ck_assert_msg(finds(rule, known[i].value), "%s",
			      known[i].value);
	}
}
END_TEST

/* A digit more or less, and a checksum doesn't hold. */
START_TEST(a_token_with_one_wrong_digit_is_none)
{
	static const char *const samples[] = {
		"{crc62:ghp_}", "{crc62:npm_}", "{gitlab:glpat-}",
		"{age}",        "{nkey:nats}",  "{xprv}",
	};
	static const char *const names[] = {
		"github-token", "npm-token", "gitlab-token",
		"age-key",      "nats-seed", "bitcoin-master-key",
	};

	for (size_t i = 0; i < 6; i++) {
		const struct firn_rule *rule = firn_rule_named(rules, names[i]);
		autofree char *token = NULL;
		size_t at;

		ck_ok(firn_sample(samples[i], 7, &token, &err));
		ck_assert_msg(firn_rule_in_text(rule, token, strlen(token),
						&(size_t){ 0 },
						&(struct firn_span){ 0 },
						&err) == 1,
			      "%s", names[i]);
		at = strlen(token) / 2;
		token[at] = token[at] == 'Q' ? 'Z' : 'Q';
		ck_assert_msg(firn_rule_in_text(rule, token, strlen(token),
						&(size_t){ 0 },
						&(struct firn_span){ 0 },
						&err) == 0,
			      "%s", names[i]);
	}
}
END_TEST

/* Half a megabyte that is made to hurt takes no longer than any. */
START_TEST(no_text_runs_a_rule_into_its_bounds)
{
	static const char *const pieces[] = {
		"password=",
		"\"password\":\"",
		"eyJ",
		"eyJ.eyJ.",
		"://:@",
		"a=b;",
		"-----BEGIN PRIVATE KEY-----",
		"{\"type\": \"service_account\"",
		"sig=",
		"A",
		"secret_key_base",
		"kind: Secret\ndata:\n ",
		"postgres://a:",
		"\\\"",
		" ",
		"0123456789abcdef",
	};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		autobuf struct firn_buf text = { 0 };

		while (text.len < 64 << 10)
			firn_buf_addf(&text, "%s", pieces[i]);
		for (size_t k = 0; k < rules->n; k++) {
			const struct firn_rule *rule = &rules->items[k];
			struct firn_span span;
			size_t from = 0;
			int found;

			if (!firn_rule_has_keyword(rule, text.data, text.len))
				continue;
			while ((found = firn_rule_in_text(rule, text.data,
							  text.len, &from,
							  &span, &err)) > 0)
				;
			ck_assert_msg(found == 0, "%s on %s: %s", rule->name,
				      pieces[i], err.text);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("corpus");
	TCase *tcase = tcase_create("corpus");

	tcase_set_timeout(tcase, 200);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(
		tcase,
		each_kind_is_found_wherever_it_stands_and_no_trap_is_one);
	tcase_add_test(tcase,
		       tokens_that_others_published_hold_their_checksums);
	tcase_add_test(tcase, a_token_with_one_wrong_digit_is_none);
	tcase_add_test(tcase, no_text_runs_a_rule_into_its_bounds);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
