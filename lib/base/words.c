#include "base/words.h"

#include <stdlib.h>
#include <string.h>

int
firn_words_add(struct firn_words *words, const char *text, size_t len,
	       struct firn_err *err)
{
	char **items = reallocarray(words->items, words->n + 1, sizeof(*items));

	if (items == NULL)
		return firn_err_nomem(err);
	words->items = items;
	items[words->n] = strndup(text, len);
	if (items[words->n] == NULL)
		return firn_err_nomem(err);
	words->n++;
	return 0;
}

json_t *
firn_words_json(const struct firn_words *words)
{
	json_t *array = json_array();

	for (size_t i = 0; i < words->n; i++)
		json_array_append_new(array, json_string(words->items[i]));
	return array;
}

void
firn_words_free(struct firn_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct firn_words){ 0 };
}
