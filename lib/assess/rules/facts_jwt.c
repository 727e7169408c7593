#include "assess/rules/facts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/json.h"

#define PAYLOAD_MAX 16384

/* base64url without padding to what EVP_DecodeBlock() takes. */
static json_t *
decode(const char *text, size_t len)
{
	autofree char *padded = calloc(1, len + 5);
	autofree unsigned char *bytes = calloc(1, len + 5);
	json_t *claims = NULL;
	size_t size = len;
	int n;

	if (padded == NULL || bytes == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++)
		padded[i] = text[i] == '-'   ? '+'
			    : text[i] == '_' ? '/'
					     : text[i];
	while (size % 4 != 0)
		padded[size++] = '=';
	n = EVP_DecodeBlock(bytes, (unsigned char *)padded, (int)size);
	if (n > 0)
		claims = json_loadb((char *)bytes, (size_t)n - (size - len),
				    JSON_REJECT_DUPLICATES, NULL);
	OPENSSL_cleanse(bytes, len);
	OPENSSL_cleanse(padded, len);
	return claims;
}

void
firn_jwt_facts(json_t *facts, const char *value, size_t len)
{
	const char *dot = memchr(value, '.', len), *end;
	autojson json_t *claims = NULL;
	json_t *exp, *audience;

	if (dot == NULL || len < 4 || strncmp(value, "eyJ", 3) != 0)
		return;
	end = memchr(dot + 1, '.', len - (size_t)(dot + 1 - value));
	if (end == NULL || end - dot - 1 > PAYLOAD_MAX)
		return;
	claims = decode(dot + 1, (size_t)(end - dot) - 1);
	if (!json_is_object(claims))
		return;
	firn_json_text(facts, "issuer", firn_json_string(claims, "iss", NULL));
	firn_json_text(facts, "subject", firn_json_string(claims, "sub", NULL));
	audience = json_object_get(claims, "aud");
	if (json_is_array(audience))
		audience = json_array_get(audience, 0);
	if (json_is_string(audience))
		firn_json_text(facts, "audience", json_string_value(audience));
	exp = json_object_get(claims, "exp");
	if (json_is_integer(exp))
		firn_json_time(facts, "expires",
			       (struct timespec){
				       .tv_sec = (time_t)json_integer_value(
					       exp) });
}
