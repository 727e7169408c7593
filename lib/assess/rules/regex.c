#include "assess/rules/regex.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A search of 1 MiB of text with a sound pattern stays far below these. */
#define STEPS_MAX 2000000
#define DEPTH_MAX 20000
#define HEAP_MAX_KIB 16384

/* Of texts that are longer, machine code is made first: it takes some 0.1 ms,
 * so it isn't for every rule and every variable. */
#define WORTH_CODE 512

/* For what has to be tried again; where it isn't enough, that is a bound. */
#define STACK_FIRST 32768
#define STACK_MAX (1 << 20)

struct firn_regex {
	pcre2_code *code;
	pcre2_match_context *limits;
	pcre2_match_data *match;
	pcre2_jit_stack *stack;
	bool is_code; /* or it can't be made: where memory that was written to
		       * can't be executed */
	uint32_t group;
};

static uint32_t
secret_group(const pcre2_code *code)
{
	int group =
		pcre2_substring_number_from_name(code, (PCRE2_SPTR) "secret");

	return group > 0 ? (uint32_t)group : 0;
}

static int
complete(struct firn_regex *regex, struct firn_err *err)
{
	regex->limits = pcre2_match_context_create(NULL);
	regex->match = pcre2_match_data_create_from_pattern(regex->code, NULL);
	if (regex->limits == NULL || regex->match == NULL)
		return firn_err_nomem(err);
	pcre2_set_match_limit(regex->limits, STEPS_MAX);
	pcre2_set_depth_limit(regex->limits, DEPTH_MAX);
	pcre2_set_heap_limit(regex->limits, HEAP_MAX_KIB);
	regex->group = secret_group(regex->code);
	return 0;
}

int
firn_regex_compile(struct firn_regex **ret, const char *pattern,
		   struct firn_err *err)
{
	struct firn_regex *regex = calloc(1, sizeof(*regex));
	PCRE2_SIZE at;
	int code;

	if (regex == NULL)
		return firn_err_nomem(err);
	regex->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
				    PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
					    PCRE2_NEVER_BACKSLASH_C |
					    PCRE2_NO_AUTO_CAPTURE |
					    PCRE2_DOLLAR_ENDONLY,
				    &code, &at, NULL);
	if (regex->code == NULL) {
		PCRE2_UCHAR text[128] = "";

		pcre2_get_error_message(code, text, sizeof(text));
		free(regex);
		return firn_err_set(err, EINVAL, "pattern, byte %zu: %s",
				    (size_t)at, (const char *)text);
	}
	if (complete(regex, err) < 0) {
		firn_regex_free(&regex);
		return -1;
	}
	*ret = regex;
	return 0;
}

void
firn_regex_free(struct firn_regex **regex)
{
	if (*regex == NULL)
		return;
	pcre2_code_free((*regex)->code);
	pcre2_match_context_free((*regex)->limits);
	pcre2_match_data_free((*regex)->match);
	pcre2_jit_stack_free((*regex)->stack);
	free(*regex);
	*regex = NULL;
}

static void
make_code(struct firn_regex *regex)
{
	regex->is_code = true;
	if (pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) != 0)
		return;
	regex->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MAX, NULL);
	if (regex->stack != NULL)
		pcre2_jit_stack_assign(regex->limits, NULL, regex->stack);
}

int
firn_regex_search(struct firn_regex *regex, const char *text, size_t len,
		  size_t *from, struct firn_span *ret, struct firn_err *err)
{
	const PCRE2_SIZE *spans;
	int n;

	if (*from > len)
		return 0;
	if (!regex->is_code && len - *from > WORTH_CODE)
		make_code(regex);
	n = pcre2_match(regex->code, (PCRE2_SPTR)text, len, *from,
			PCRE2_NOTEMPTY, regex->match, regex->limits);
	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n < 0)
		return firn_err_set(err, E2BIG,
				    "a pattern ran into its bounds");
	spans = pcre2_get_ovector_pointer(regex->match);
	ret->match = spans[0];
	ret->start = spans[2 * regex->group];
	ret->end = spans[2 * regex->group + 1];
	/* A group in a branch that wasn't taken. */
	if (ret->start == PCRE2_UNSET) {
		ret->start = spans[0];
		ret->end = spans[1];
	}
	/* \K can put the end before the start of what was matched. */
	*from = spans[1] > *from ? spans[1] : *from + 1;
	return 1;
}

bool
firn_regex_has_groups(const struct firn_regex *regex)
{
	uint32_t n = 0;

	return pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &n) == 0 &&
	       n > (regex->group > 0 ? 1u : 0u);
}

/* The table of names: entries of one size, each a number in two bytes, then the
 * name.  Source: pcre2api(3), PCRE2_INFO_NAMETABLE. */
void
firn_regex_groups(const struct firn_regex *regex, const char *text, size_t len,
		  size_t at, json_t *ret)
{
	const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(regex->match);
	PCRE2_SPTR entry = NULL;
	uint32_t n = 0, size = 0;

	if (pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &n) != 0 ||
	    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size) !=
		    0 ||
	    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &entry) !=
		    0 ||
	    pcre2_match(regex->code, (PCRE2_SPTR)text, len, at,
			PCRE2_NOTEMPTY | PCRE2_ANCHORED, regex->match,
			regex->limits) < 0)
		return;
	for (; n > 0; n--, entry += size) {
		size_t group = (size_t)entry[0] << 8 | entry[1];
		const char *name = (const char *)entry + 2;
		PCRE2_SIZE start = spans[2 * group];

		if (group != regex->group && start != PCRE2_UNSET &&
		    spans[2 * group + 1] > start)
			json_object_set_new(ret, name,
					    json_stringn(text + start,
							 spans[2 * group + 1] -
								 start));
	}
}

static bool
same(char a, char b, bool folds)
{
	return folds ? tolower((unsigned char)a) == tolower((unsigned char)b)
		     : a == b;
}

/* Goes back to the last star only, which is enough for "*" and "**" when they
 * mean the same; with paths, to the last "**" when a "*" can't be longer. */
bool
firn_glob(const char *pattern, const char *text, size_t len, bool folds,
	  bool paths)
{
	const char *star = NULL, *deep = NULL;
	size_t star_at = 0, deep_at = 0, at = 0;

	for (;;) {
		if (pattern[0] == '*') {
			if (!paths || pattern[1] == '*') {
				while (*pattern == '*')
					pattern++;
				deep = pattern;
				deep_at = at;
				star = NULL;
			} else {
				star = ++pattern;
				star_at = at;
			}
		} else if (at < len && *pattern != '\0' &&
			   same(*pattern, text[at], folds)) {
			pattern++;
			at++;
		} else if (at == len && *pattern == '\0') {
			return true;
		} else if (star != NULL && star_at < len &&
			   text[star_at] != '/') {
			pattern = star;
			at = ++star_at;
		} else if (deep != NULL && deep_at < len) {
			pattern = deep;
			at = ++deep_at;
			star = NULL;
		} else {
			return false;
		}
	}
}
