#include "assess/rules/jwt.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "assess/rules/decode.h"

#define PART_MAX 16384

static json_t *
decode(const char *text, size_t len)
{
	unsigned char *bytes = len <= PART_MAX ? malloc(len + 1) : NULL;
	json_t *object = NULL;
	long n;

	if (bytes == NULL)
		return NULL;
	n = firn_base64_decode(text, len, bytes, len);
	if (n > 0)
		object = json_loadb((char *)bytes, (size_t)n,
				    JSON_REJECT_DUPLICATES, NULL);
	OPENSSL_cleanse(bytes, len + 1);
	free(bytes);
	if (object != NULL && !json_is_object(object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

json_t *
firn_jwt_part(const char *token, size_t len, enum firn_jwt_part part)
{
	const char *end = token + len;
	const char *first = memchr(token, '.', len), *second;

	if (first == NULL)
		return NULL;
	second = memchr(first + 1, '.', (size_t)(end - first) - 1);
	if (second == NULL)
		return NULL;
	return part == FIRN_JWT_HEADER
		       ? decode(token, (size_t)(first - token))
		       : decode(first + 1, (size_t)(second - first) - 1);
}
