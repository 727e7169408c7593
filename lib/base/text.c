#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Longest escape of one character: "\uNNNN" or, for up to four bytes of
 * something hidden beyond the BMP, "\UNNNNNNNN". */
#define LONGEST_ESCAPE 10

static bool
continues(const char *bytes, size_t len, size_t n)
{
	if (n > len)
		return false;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return false;
	return true;
}

static uint32_t
code_point(const char *bytes, size_t n)
{
	static const unsigned char lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = (unsigned char)bytes[0] & lead[n];

	for (size_t i = 1; i < n; i++)
		code = (code << 6) | ((unsigned char)bytes[i] & 0x3f);
	return code;
}

size_t
firn_utf8_length(const char *bytes, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first;
	uint32_t code;
	size_t n;

	if (len == 0)
		return 0;
	first = (unsigned char)bytes[0];
	if (first < 0x80)
		return 1;
	n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || !continues(bytes, len, n))
		return 0;
	code = code_point(bytes, n);
	if (code < least[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return n;
}

bool
firn_is_utf8(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = firn_utf8_length(bytes + i, len - i);

		if (n == 0 || bytes[i] == '\0')
			return false;
		i += n;
	}
	return true;
}

/* Reorders, hides or breaks what a person reads. */
static bool
misleads(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad ||
	       code == 0x61c || code == 0x180e ||
	       (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) ||
	       (code >= 0xe0000 && code <= 0xe0fff);
}

/* One character of `bytes` as `ret`; how many bytes of it that used. */
static size_t
escape_one(const char *bytes, size_t len, char ret[LONGEST_ESCAPE + 1])
{
	size_t n = firn_utf8_length(bytes, len);
	uint32_t code;

	if (n == 0) {
		snprintf(ret, LONGEST_ESCAPE + 1, "\\x%02x",
			 (unsigned char)bytes[0]);
		return 1;
	}
	code = code_point(bytes, n);
	if (code == '\\')
		strcpy(ret, "\\\\");
	else if (!misleads(code))
		snprintf(ret, LONGEST_ESCAPE + 1, "%.*s", (int)n, bytes);
	else if (code < 0x80)
		snprintf(ret, LONGEST_ESCAPE + 1, "\\x%02x", code);
	else if (code < 0x10000)
		snprintf(ret, LONGEST_ESCAPE + 1, "\\u%04x", code);
	else
		snprintf(ret, LONGEST_ESCAPE + 1, "\\U%08x", code);
	return n;
}

size_t
firn_escape_into(char *ret, size_t size, const char *bytes, size_t len)
{
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		char one[LONGEST_ESCAPE + 1];
		size_t n = escape_one(bytes + i, len - i, one);
		size_t wide = strlen(one);

		if (used + wide >= size)
			break;
		memcpy(ret + used, one, wide);
		used += wide;
		i += n;
	}
	ret[used] = '\0';
	return used;
}

char *
firn_escape(const char *bytes, size_t len)
{
	size_t size = len * LONGEST_ESCAPE + 1;
	char *text = malloc(size), *smaller;

	if (text == NULL)
		return NULL;
	size = firn_escape_into(text, size, bytes, len) + 1;
	smaller = realloc(text, size);
	return smaller != NULL ? smaller : text;
}

void
firn_put(FILE *out, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		char one[LONGEST_ESCAPE + 1];

		i += escape_one(text + i, len - i, one);
		fputs(one, out);
	}
}

void
firn_size_text(unsigned long long bytes, char ret[FIRN_SIZE_TEXT])
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB" };
	double size = (double)bytes;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(ret, FIRN_SIZE_TEXT, "%llu B", bytes);
		return;
	}
	for (size /= 1000; size >= 999.95 && unit < 4; size /= 1000)
		unit++;
	snprintf(ret, FIRN_SIZE_TEXT, "%.1f %s", size, units[unit]);
}

bool
firn_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}
