#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"

void
firn_json_bytes(json_t *object, const char *key, const void *bytes, size_t len)
{
	autofree char *readable = NULL, *exact = NULL;
	char exact_key[64];

	if (firn_is_utf8(bytes, len)) {
		json_object_set_new(object, key,
				    json_stringn_nocheck(bytes, len));
		return;
	}
	readable = firn_escape(bytes, len);
	exact = firn_base64(bytes, len);
	snprintf(exact_key, sizeof(exact_key), "%s_b64", key);
	if (readable != NULL)
		json_object_set_new(object, key, json_string(readable));
	if (exact != NULL)
		json_object_set_new(object, exact_key, json_string(exact));
}

void
firn_json_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		firn_json_bytes(object, key, text, strlen(text));
}

json_t *
firn_json_message(const char *fmt, va_list args)
{
	autofree char *text = NULL, *readable = NULL;

	if (vasprintf(&text, fmt, args) < 0) {
		text = NULL;
		return NULL;
	}
	if (firn_is_utf8(text, strlen(text)))
		return json_string(text);
	readable = firn_escape(text, strlen(text));
	return readable != NULL ? json_string(readable) : NULL;
}

void
firn_json_uint(json_t *object, const char *key, uint64_t value)
{
	char text[24];

	if (value <= INT64_MAX) {
		json_object_set_new(object, key,
				    json_integer((json_int_t)value));
		return;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	json_object_set_new(object, key, json_string(text));
}

void
firn_json_time(json_t *object, const char *key, struct timespec when)
{
	char text[FIRN_TIME_TEXT];

	firn_time_text(when, text);
	json_object_set_new(object, key, json_string(text));
}

void
firn_json_hex(json_t *object, const char *key, const void *data, size_t len)
{
	autofree char *text = malloc(2 * len + 1);

	if (text == NULL)
		return;
	firn_hex(data, len, text);
	json_object_set_new(object, key, json_string(text));
}

char *
firn_json_line(const json_t *json)
{
	return json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
}

int
firn_json_parse(const char *text, size_t len, const char *what, json_t **ret,
		struct firn_err *err)
{
	json_error_t why;
	json_t *json =
		json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
			   &why);

	if (json == NULL)
		return firn_err_set(err, EBADMSG, "%s: line %d: %s", what,
				    why.line, why.text);
	*ret = json;
	return 0;
}

static json_t *
at(const json_t *object, va_list path)
{
	const char *key;

	while ((key = va_arg(path, const char *)) != NULL)
		object = json_object_get(object, key);
	/* jansson takes no const back; the caller asked for a borrowed one. */
	return (json_t *)(uintptr_t)object;
}

json_t *
firn_json_at(const json_t *object, ...)
{
	json_t *found;
	va_list path;

	va_start(path, object);
	found = at(object, path);
	va_end(path);
	return found;
}

const char *
firn_json_string(const json_t *object, ...)
{
	const char *found;
	va_list path;

	va_start(path, object);
	found = json_string_value(at(object, path));
	va_end(path);
	return found;
}

bool
firn_json_says(const json_t *object, const char *key, const char *text)
{
	const char *said = json_string_value(json_object_get(object, key));

	return said != NULL && strcmp(said, text) == 0;
}

bool
firn_json_holds(const json_t *array, const char *word)
{
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one) {
		if (json_is_string(one) &&
		    strcmp(json_string_value(one), word) == 0)
			return true;
	}
	return false;
}
