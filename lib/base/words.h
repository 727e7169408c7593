#ifndef BASE_WORDS_H
#define BASE_WORDS_H

/*
 * words -- a list of strings.
 */

#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"

/* Strings that are owned. */
struct firn_words {
	char **items;
	size_t n;
};

/* firn_words_add(words, text, len, err) -- a copy of it. */
FIRN_MUST_CHECK int firn_words_add(struct firn_words *words, const char *text,
				   size_t len, struct firn_err *err);
/* firn_words_json(words) -- a new array of them. */
json_t *firn_words_json(const struct firn_words *words);
void firn_words_free(struct firn_words *words);

#endif
