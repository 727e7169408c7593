#include "assess/rules/assigned.h"

#include <string.h>

/* Of a value on one line. */
#define VALUE_MAX 4096
/* Between a name and its value: quotes, brackets, an operator, blanks. */
#define GAP_MAX 24

bool
firn_in_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static bool
is_one_of(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* The name before an operator: `name`, "name", ["name"], \"name\". */
static bool
name_before(const char *text, size_t at, struct firn_assigned *ret)
{
	size_t end = at, start, gap = 0;

	while (end > 0 && gap < GAP_MAX &&
	       is_one_of(" \t\"'`])\\", text[end - 1])) {
		end--;
		gap++;
	}
	start = end;
	while (start > 0 && end - start < FIRN_ASSIGNED_NAME &&
	       firn_in_name(text[start - 1]))
		start--;
	/* An option has dashes before its name. */
	while (start < end && is_one_of("-.", text[start]))
		start++;
	if (start == end || end - start >= FIRN_ASSIGNED_NAME)
		return false;
	memcpy(ret->name, text + start, end - start);
	ret->name[end - start] = '\0';
	ret->at = start;
	return true;
}

/* Of `=`, `:`, `=>`, `:=`, `:::`; and of `,` and `>` where they are one. */
static bool
is_operator(const char *text, size_t len, size_t at)
{
	switch (text[at]) {
	case '=':
	case ':':
		return true;
	case ',':
		return at > 0 && is_one_of("\"'", text[at - 1]) && at + 1 < len;
	case '>':
		return at > 0 && firn_in_name(text[at - 1]);
	default:
		return false;
	}
}

static size_t
skip_gap(const char *text, size_t len, size_t at, size_t stop)
{
	while (at < len && at < stop && is_one_of("=>: \t", text[at]))
		at++;
	return at;
}

/* Up to the quote that began it, of which a text in a text has \" . */
static size_t
quoted_end(const char *text, size_t len, size_t at, char quote, bool escaped)
{
	for (; at < len; at++) {
		if (text[at] == '\n' || text[at] == '\0')
			break;
		if (escaped && text[at] == '\\')
			break;
		if (!escaped && text[at] == '\\' && at + 1 < len)
			at++;
		else if (text[at] == quote)
			break;
	}
	return at < len ? at : len;
}

static size_t
bare_end(const char *text, size_t len, size_t at)
{
	while (at < len && (unsigned char)text[at] > ' ' &&
	       text[at] != '\x7f' && !is_one_of("\"'`,;&<>|)}]\\", text[at]))
		at++;
	return at;
}

static bool
value_after(const char *text, size_t len, size_t at, struct firn_assigned *ret)
{
	size_t start = skip_gap(text, len, at + 1, at + GAP_MAX);
	size_t limit = len - start > VALUE_MAX ? start + VALUE_MAX : len, end;
	bool escaped = false;

	if (start >= len)
		return false;
	if (text[start] == '\\' && start + 1 < len &&
	    is_one_of("\"'", text[start + 1])) {
		escaped = true;
		start++;
	}
	ret->quoted = is_one_of("\"'`", text[start]);
	if (ret->quoted) {
		start++;
		end = quoted_end(text, limit, start, text[start - 1], escaped);
	} else {
		end = bare_end(text, limit, start);
	}
	ret->value = (struct firn_span){ start, end, ret->at };
	return end > start && end < start + VALUE_MAX;
}

/* <name>value</name>, not a name in angle brackets. */
static bool
is_element(const char *text, size_t len, const struct firn_assigned *one)
{
	return one->at > 0 && text[one->at - 1] == '<' &&
	       one->value.end + 1 < len && text[one->value.end] == '<' &&
	       text[one->value.end + 1] == '/';
}

/* A bare value is looked at only as far as it goes, a quoted one may hold other
 * assignments: the next begins behind the operator in any case.  Each byte is
 * looked at VALUE_MAX times at most, and in texts that are not made to hurt,
 * twice. */
bool
firn_assigned_next(const char *text, size_t len, size_t *from,
		   struct firn_assigned *ret)
{
	for (size_t at = *from; at < len; at++) {
		if (!is_operator(text, len, at) || !name_before(text, at, ret))
			continue;
		if (!value_after(text, len, at, ret) ||
		    (text[at] == '>' && !is_element(text, len, ret)))
			continue;
		*from = at + 1;
		return true;
	}
	*from = len;
	return false;
}
