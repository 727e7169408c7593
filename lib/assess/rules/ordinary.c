#include "assess/rules/placeholder.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

/* A part of a path that is longer is no name of a file. */
#define PART_MAX 40

static bool
begins(const char *value, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len >= n && strncasecmp(value, text, n) == 0;
}

static bool
is_all(const char *value, size_t len, const char *set)
{
	for (size_t i = 0; i < len; i++) {
		if (value[i] == '\0' || strchr(set, value[i]) == NULL)
			return false;
	}
	return len > 0;
}

#define DIGITS "0123456789"
#define HEX DIGITS "abcdefABCDEF"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
is_switch(const char *value, size_t len)
{
	static const char *const words[] = {
		"true",     "false",     "yes",      "no",      "on",
		"off",      "none",      "null",     "nil",     "enabled",
		"disabled", "required",  "optional", "default", "string",
		"boolean",  "undefined", "empty",    "basic",   "bearer",
		"always",   "never",     NULL
	};

	for (const char *const *word = words; *word != NULL; word++) {
		if (strlen(*word) == len && strncasecmp(*word, value, len) == 0)
			return true;
	}
	return false;
}

/* Durations, sizes, dates and versions too: "15m", "2024-01-01", "1.2.3". */
static bool
is_number(const char *value, size_t len)
{
	return len < 8 ? is_all(value, len, DIGITS ".,:-+smhdkKMGi%")
		       : is_all(value, len, DIGITS ".:-") &&
				 memchr(value, '.', len) != NULL;
}

/* 2026-11-28, and what may follow. */
static bool
is_date(const char *value, size_t len)
{
	return len >= 10 && len <= 35 && is_all(value, 4, DIGITS) &&
	       value[4] == '-' && value[7] == '-' &&
	       is_all(value, len, DIGITS "-:.+TZ ");
}

static bool
is_uuid(const char *value, size_t len)
{
	return len == 36 && is_all(value, len, HEX "-") && value[8] == '-' &&
	       value[13] == '-' && value[18] == '-' && value[23] == '-';
}

/* "sha256:...", "sha512-...": of an image or a package. */
static bool
is_digest(const char *value, size_t len)
{
	static const char *const heads[] = {
		"sha1:",   "sha1-",   "sha256:", "sha256-", "sha384:",
		"sha384-", "sha512:", "sha512-", "md5:",    "h1:"
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (begins(value, len, heads[i]))
			return true;
	}
	return false;
}

/* Of 64 bits: a checksum or a number of something. */
static bool
is_short_hash(const char *value, size_t len)
{
	return len == 16 && is_all(value, len, DIGITS "abcdef");
}

/* en_US.UTF-8, C.UTF-8, de_DE@euro. */
static bool
is_locale(const char *value, size_t len)
{
	if (begins(value, len, "C.UTF-8") || begins(value, len, "POSIX"))
		return true;
	return len >= 5 && len < 24 && is_all(value, 2, LETTERS) &&
	       value[2] == '_' && isupper((unsigned char)value[3]) &&
	       isupper((unsigned char)value[4]) &&
	       (len == 5 || value[5] == '.' || value[5] == '@');
}

/* Of names that people give: a base64 text may begin with "/" too. */
static bool
is_path(const char *value, size_t len)
{
	size_t part = 0;

	if (!begins(value, len, "/") && !begins(value, len, "./") &&
	    !begins(value, len, "../") && !begins(value, len, "~/") &&
	    !(len > 2 && value[1] == ':' && value[2] == '\\'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (value[i] == '+' || value[i] == '=')
			return false;
		part = value[i] == '/' || value[i] == '\\' ? 0 : part + 1;
		if (part > PART_MAX)
			return false;
	}
	return true;
}

/* http://host/path: a login would have an "@", a token in it a "=". */
static bool
is_plain_url(const char *value, size_t len)
{
	const char *rest = memmem(value, len, "://", 3);

	return rest != NULL && isalpha((unsigned char)value[0]) &&
	       memchr(value, '@', len) == NULL &&
	       memchr(value, '=', len) == NULL;
}

/* Where a secret is to be had from. */
static bool
is_reference(const char *value, size_t len)
{
	static const char *const heads[] = {
		"arn:",       "vault:",    "op://",        "secret:",
		"secrets:",   "ref+",      "aws-sm:",      "gcp-sm:",
		"file:",      "ENC[",      "!vault",       "kms:",
		"secretref:", "env:",      "projects/",    "ssm:",
		"data:",      "valueFrom", "secretKeyRef", "bao:",
		"keyring:",   "sealed:",   "AgB"
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (begins(value, len, heads[i]))
			return true;
	}
	return false;
}

/* name.name( and name[ . */
static bool
is_call(const char *value, size_t len, char open)
{
	const char *at = memchr(value, open, len);

	return at != NULL &&
	       is_all(value, (size_t)(at - value), LETTERS DIGITS "_.");
}

/* process.env.X, os.getenv(...), config["x"], foo.bar.baz, %(x)s. */
static bool
is_code(const char *value, size_t len)
{
	static const char *const within[] = { "getenv",  "process.env",
					      "environ", "()",
					      "System.", "ENV[",
					      "->",      "::" };
	size_t dots = 0;

	for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++) {
		if (memmem(value, len, within[i], strlen(within[i])) != NULL)
			return true;
	}
	if (is_call(value, len, '(') || is_call(value, len, '['))
		return true;
	for (size_t i = 0; i < len; i++)
		dots += value[i] == '.';
	return dots > 0 && is_all(value, len, LETTERS "_.") &&
	       value[0] != '.' && value[len - 1] != '.';
}

bool
firn_is_ordinary(const char *value, size_t len)
{
	return is_switch(value, len) || is_number(value, len) ||
	       is_date(value, len) || is_short_hash(value, len) ||
	       is_uuid(value, len) || is_digest(value, len) ||
	       is_locale(value, len) || is_path(value, len) ||
	       is_plain_url(value, len) || is_reference(value, len) ||
	       is_code(value, len);
}

double
firn_entropy(const char *value, size_t len)
{
	size_t counts[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < len; i++)
		counts[(unsigned char)value[i]]++;
	for (size_t i = 0; i < 256; i++) {
		double share = (double)counts[i] / (double)len;

		if (counts[i] > 0)
			bits -= share * log2(share);
	}
	return bits;
}
