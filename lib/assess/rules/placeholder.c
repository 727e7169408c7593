#include "assess/rules/placeholder.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 24
#define RUN_MIN 8
/* <what to put here>: longer ones are objects and lists. */
#define AROUND_MAX 100

static bool
has_text(const char *value, size_t len, const char *text)
{
	return memmem(value, len, text, strlen(text)) != NULL;
}

static bool
begins(const char *value, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len >= n && memcmp(value, text, n) == 0;
}

static bool
ends(const char *value, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len >= n && memcmp(value + len - n, text, n) == 0;
}

/* "xxxxxxxx", "********", "..........", "0000-0000". */
static bool
is_filler(const char *value, size_t len)
{
	bool seen[256] = { false };
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		n += !seen[c];
		seen[c] = true;
	}
	return n <= 2;
}

/* "sk_live_xxxxxxxxxxxxxxxx": the form, and nothing in it. */
static bool
has_blank_run(const char *value, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len && run < RUN_MIN; i++) {
		bool blank =
			value[i] != '\0' && strchr("xX*.", value[i]) != NULL;

		run = !blank                              ? 0
		      : i > 0 && value[i] == value[i - 1] ? run + 1
							  : 1;
	}
	return run >= RUN_MIN;
}

/* --- templates ------------------------------------------------------------
 */

/* $NAME, $name: what a shell would put there. */
static bool
is_variable(const char *value, size_t len)
{
	bool upper = false, lower = false, digit = false;

	if (len < 2 || value[0] != '$' || isdigit((unsigned char)value[1]))
		return false;
	for (size_t i = 1; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if (!isalnum(c) && c != '_')
			return false;
		upper |= isupper(c) != 0;
		lower |= islower(c) != 0;
		digit |= isdigit(c) != 0;
	}
	return upper != lower && !(lower && digit);
}

static bool
is_template(const char *value, size_t len)
{
	static const char *const within[] = { "${", "$(", "{{", "}}",
					      "<%", "%>", "#{" };
	static const char *const around[] = { "<>", "[]", "%%", "{}" };

	for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++) {
		if (has_text(value, len, within[i]))
			return true;
	}
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		if (len >= 3 && len <= AROUND_MAX && value[0] == around[i][0] &&
		    value[len - 1] == around[i][1])
			return true;
	}
	if (len >= 5 && begins(value, len, "__") && ends(value, len, "__"))
		return true;
	return is_variable(value, len);
}

/* --- words ----------------------------------------------------------------
 */

static bool
is_word_of(const char *const *words, const char *word)
{
	for (; *words != NULL; words++) {
		if (strcmp(*words, word) == 0)
			return true;
	}
	return false;
}

/* Words that say "not yet", and those that may stand beside them. */
static bool
is_mark(const char *word)
{
	static const char *const words[] = {
		"change",    "changeme", "changeit",    "changethis", "replace",
		"replaceme", "example",  "placeholder", "your",       "yours",
		"here",      "dummy",    "sample",      "insert",     "enter",
		"todo",      "tbd",      "fixme",       "redacted",   "removed",
		"hidden",    "masked",   "undefined",   "somevalue",  "xxx",
		"xxxx",      "xxxxx",    "xxxxxx",      "xxxxxxxx",   NULL
	};

	return is_word_of(words, word);
}

static bool
is_filling(const char *word)
{
	static const char *const words[] = {
		"a",          "an",          "the",     "my",     "me",
		"this",       "it",          "with",    "to",     "of",
		"in",         "for",         "own",     "api",    "app",
		"auth",       "access",      "account", "key",    "keys",
		"id",         "token",       "tokens",  "secret", "secrets",
		"password",   "passwd",      "pass",    "pwd",    "user",
		"username",   "name",        "value",   "string", "private",
		"public",     "client",      "code",    "real",   "actual",
		"some",       "please",      "it",      "now",    "before",
		"use",        "using",       "goes",    "db",     "database",
		"credential", "credentials", "service", "must",   "be",
		"set",        "text",        "bearer",  NULL
	};

	return is_word_of(words, word);
}

/* Words only, and at least one says that it is none: "your-api-key-here". */
static bool
is_said(const char *value, size_t len)
{
	char word[WORD_MAX];
	size_t n = 0, marks = 0;

	for (size_t i = 0; i <= len; i++) {
		unsigned char c = i < len ? (unsigned char)value[i] : ' ';

		if (isalpha(c)) {
			if (n + 1 >= sizeof(word))
				return false;
			word[n++] = (char)tolower(c);
			continue;
		}
		if (c == '\0' || strchr("-_. !<>[](){}'\"`*/:", c) == NULL)
			return false;
		word[n] = '\0';
		if (n > 0 && is_mark(word))
			marks++;
		else if (n > 0 && !is_filling(word))
			return false;
		n = 0;
	}
	return marks > 0;
}

bool
firn_is_placeholder(const char *value, size_t len)
{
	return is_filler(value, len) || has_blank_run(value, len) ||
	       is_template(value, len) || is_said(value, len) ||
	       has_text(value, len, "EXAMPLE");
}
