#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "assess/rules/decode.h"
#include "assess/rules/facts.h"
#include "assess/rules/service_account.h"
#include "base/json.h"

/*
 * facts_accounts -- whose a credential is.
 */

/* Ids from before 2019 have no account in them: their fifth letter is below
 * this. */
#define FIRST_WITH_ACCOUNT 'Q'

/*
 * 40 bits of the base32, below the first one.
 *
 * Source: Aidan Steele, "AWS Access Key ID formats"; Tal Be'ery, "A short note
 * on AWS KEY ID": ASIAQNZGKIQY56JQ7WML is of 029608264753.
 */
void
firn_facts_aws(json_t *facts, const char *value, size_t len)
{
	unsigned char bytes[10];
	uint64_t account = 0;
	char text[16];

	if (len != 20 || value[4] < FIRST_WITH_ACCOUNT || value[4] > 'Z' ||
	    firn_base32_decode(value + 4, 16, bytes, sizeof(bytes)) != 10)
		return;
	for (size_t i = 0; i < 6; i++)
		account = account << 8 | bytes[i];
	account = (account & 0x7fffffffff80) >> 7;
	snprintf(text, sizeof(text), "%012llu", (unsigned long long)account);
	firn_json_text(facts, "account", text);
}

void
firn_facts_service_account(json_t *facts, const char *value, size_t len)
{
	json_t *object = firn_service_account(value, len);

	firn_json_text(facts, "account",
		       firn_json_string(object, "client_email", NULL));
	firn_json_text(facts, "key_id",
		       firn_json_string(object, "private_key_id", NULL));
	firn_json_text(facts, "project",
		       firn_json_string(object, "project_id", NULL));
	json_decref(object);
}

void
firn_facts_login(json_t *facts, const char *value, size_t len)
{
	unsigned char bytes[2048];
	long n = firn_base64_decode(value, len, bytes, sizeof(bytes));
	const unsigned char *colon =
		n > 0 ? memchr(bytes, ':', (size_t)n) : NULL;

	if (colon != NULL && colon > bytes)
		json_object_set_new(facts, "user",
				    json_stringn((const char *)bytes,
						 (size_t)(colon - bytes)));
	OPENSSL_cleanse(bytes, sizeof(bytes));
}

/* "1234567890:AA...", or the same in base64 before the first dot. */
void
firn_facts_bot(json_t *facts, const char *value, size_t len)
{
	unsigned char bytes[32];
	const char *dot = memchr(value, '.', len);
	const char *id = value;
	long n = 0;

	if (dot != NULL) {
		n = firn_base64_decode(value, (size_t)(dot - value), bytes,
				       sizeof(bytes));
		id = (const char *)bytes;
	} else {
		while ((size_t)n < len && isdigit((unsigned char)value[n]))
			n++;
	}
	if (n > 0)
		json_object_set_new(facts, "account",
				    json_stringn(id, (size_t)n));
}
