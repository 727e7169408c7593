#include "assess/checklist/fill.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define PLAIN_MAX 200
#define NAME_MAX_BYTES 32

bool
firn_is_plain(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._:/@-";
	size_t len = strlen(text);

	return len > 0 && len <= PLAIN_MAX && strspn(text, letters) == len &&
	       text[0] != '-' && text[0] != '@';
}

/* "key_id}..." is a name of 6; 0 for none. */
static size_t
name_length(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

	return len <= NAME_MAX_BYTES && text[len] == '}' ? len : 0;
}

static void
add_fact(struct firn_buf *buf, const json_t *facts, const char *name,
	 size_t len)
{
	char key[NAME_MAX_BYTES + 1], number[24];
	const json_t *fact;
	const char *text;

	snprintf(key, sizeof(key), "%.*s", (int)len, name);
	fact = json_object_get(facts, key);
	text = json_string_value(fact);
	if (json_is_integer(fact)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(fact));
		text = number;
	}
	/* A NUL in it would hide what stands behind. */
	if (text != NULL && firn_is_plain(text) &&
	    (text == number || strlen(text) == json_string_length(fact))) {
		firn_buf_add(buf, text, strlen(text));
		return;
	}
	for (size_t i = 0; i < len; i++)
		key[i] = (char)toupper((unsigned char)key[i]);
	firn_buf_add(buf, key, len);
}

char *
firn_fill(const char *text, const json_t *facts)
{
	struct firn_buf buf = { 0 };
	char before = '\0';

	firn_buf_add(&buf, "", 0);
	while (*text != '\0') {
		size_t len = *text == '{' && before != '$'
				     ? name_length(text + 1)
				     : 0;

		before = *text;
		if (len > 0) {
			add_fact(&buf, facts, text + 1, len);
			text += len + 2;
			before = '}';
		} else {
			firn_buf_add(&buf, text++, 1);
		}
	}
	if (buf.failed)
		firn_buf_free(&buf);
	return buf.data;
}
