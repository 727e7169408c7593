#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "firn/alert.h"
#include "respond/alert/form.h"

/* The digits behind a \u, or -1. */
static int
code_unit(const char *text, size_t left)
{
	char digits[5];

	if (left < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	memcpy(digits, text + 2, 4);
	digits[4] = '\0';
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return -1;
	return (int)strtol(digits, NULL, 16);
}

static bool
is_high(int unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool
is_low(int unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

/* An escape in a string; how long it is. */
static size_t
clean_escape(char *text, size_t left)
{
	int unit = code_unit(text, left);

	if (unit < 0)
		return left < 2 ? 1 : 2;
	if (is_high(unit) && is_low(code_unit(text + 6, left - 6)))
		return 12;
	if (unit == 0 || is_high(unit) || is_low(unit))
		memcpy(text + 2, "fffd", 4);
	return 6;
}

/* From behind the opening quote; to behind the closing one. */
static size_t
clean_string(char *text, size_t left)
{
	size_t at = 0;

	while (at < left && text[at] != '"') {
		size_t n;

		if (text[at] == '\\') {
			at += clean_escape(text + at, left - at);
			continue;
		}
		n = firn_utf8_length(text + at, left - at);
		if (n == 0)
			text[at] = '?';
		at += n == 0 ? 1 : n;
	}
	return at < left ? at + 1 : left;
}

int
clean_payload(const char *payload, size_t len, char **ret, struct firn_err *err)
{
	char *copy = malloc(len + 1);
	size_t depth = 0, values = 0;

	if (copy == NULL)
		return firn_err_nomem(err);
	memcpy(copy, payload, len);
	copy[len] = '\0';
	for (size_t at = 0; at < len && depth <= FIRN_ALERT_DEPTH &&
			    values <= FIRN_ALERT_VALUES;) {
		char c = copy[at++];

		if (c == '"')
			at += clean_string(copy + at, len - at);
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		values += c == '{' || c == '[' || c == ',';
	}
	if (depth > FIRN_ALERT_DEPTH || values > FIRN_ALERT_VALUES) {
		free(copy);
		return depth > FIRN_ALERT_DEPTH
			       ? firn_err_set(err, EBADMSG,
					      "the alert is nested deeper than "
					      "%d levels",
					      FIRN_ALERT_DEPTH)
			       : firn_err_set(err, E2BIG,
					      "the alert has more than %d "
					      "values",
					      FIRN_ALERT_VALUES);
	}
	*ret = copy;
	return 0;
}

json_t *
clean_load(const char *text, size_t len, json_error_t *why)
{
	size_t flags = JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK;
	json_t *value = json_loadb(text, len, flags, why);

	if (value == NULL &&
	    json_error_code(why) == json_error_numeric_overflow)
		value = json_loadb(text, len, flags | JSON_DECODE_INT_AS_REAL,
				   why);
	return value;
}
