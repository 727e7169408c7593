#include "assess/rules/service_account.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

/* `\"` and `\\n` to `"` and `\n`; how long it is then. */
static size_t
unescape(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len &&
		    (text[i + 1] == '"' || text[i + 1] == '\\'))
			i++;
		text[n++] = text[i];
	}
	return n;
}

json_t *
firn_service_account(const char *text, size_t len)
{
	json_t *object = json_loadb(text, len, 0, NULL);
	char *copy;

	if (object == NULL && (copy = malloc(len + 1)) != NULL) {
		memcpy(copy, text, len);
		object = json_loadb(copy, unescape(copy, len), 0, NULL);
		OPENSSL_cleanse(copy, len);
		free(copy);
	}
	if (object != NULL && !json_is_object(object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}
