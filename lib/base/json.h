#ifndef BASE_JSON_H
#define BASE_JSON_H

/*
 * json -- facts as JSON, whatever bytes they are made of.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "firn/err.h"

/*
 * firn_json_bytes(object, key, bytes, len) -- set bytes that a suspect chose.
 *
 * Valid UTF-8 without a NUL stands as it is under `key`.  Anything else stands
 * there escaped as in text.h, and exactly under KEY_b64.
 */
void firn_json_bytes(json_t *object, const char *key, const void *bytes,
		     size_t len);

/* firn_json_text(object, key, text) -- the same for a string; NULL sets
 * nothing. */
void firn_json_text(json_t *object, const char *key, const char *text);

/* firn_json_message(fmt, args) -- a text for people, as a new string; bytes in
 * it that aren't UTF-8 stand there escaped.  NULL when there is no memory. */
json_t *firn_json_message(const char *fmt, va_list args)
	__attribute__((format(printf, 1, 0)));

/* firn_json_uint(object, key, value) -- a number; beyond 2^63 - 1 as text. */
void firn_json_uint(json_t *object, const char *key, uint64_t value);

/* firn_json_time(object, key, when) -- as firn_time_text() has it. */
void firn_json_time(json_t *object, const char *key, struct timespec when);

/* firn_json_hex(object, key, data, len) -- bytes of ours, in hexadecimal. */
void firn_json_hex(json_t *object, const char *key, const void *data,
		   size_t len);

/* firn_json_line(json) -- compact, without a newline, in the order in which
 * keys were set; for the caller to free(3).  NULL when there is no memory. */
char *firn_json_line(const json_t *json);

/*
 * firn_json_parse(text, len, what, ret, err) -- of text from elsewhere.
 *
 * Duplicate keys and more than one value are EBADMSG, with the line.  `*ret`
 * is for the caller to json_decref().
 */
FIRN_MUST_CHECK int firn_json_parse(const char *text, size_t len,
				    const char *what, json_t **ret,
				    struct firn_err *err);

/* firn_json_string(object, path...) -- the string at a path of keys that ends
 * with NULL, or NULL when there is none.  Borrowed. */
const char *firn_json_string(const json_t *object, ...)
	__attribute__((sentinel));

/* firn_json_holds(array, word) -- is this string in it? */
bool firn_json_holds(const json_t *array, const char *word);

/* firn_json_says(object, key, text) -- does this text stand there? */
bool firn_json_says(const json_t *object, const char *key, const char *text);

/* firn_json_at(object, path...) -- the same for any value. */
json_t *firn_json_at(const json_t *object, ...) __attribute__((sentinel));

#endif
