#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "assess/rules/facts.h"
#include "assess/rules/pem.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"

/*
 * facts_pem -- the public half of a key: what is looked for in authorized_keys,
 * certificates and logs.
 */

/* As ssh-keygen -l has it: base64 without padding. */
static void
add_ssh(json_t *facts, const unsigned char *blob, size_t n)
{
	unsigned char digest[FIRN_SHA256];
	autofree char *text = NULL;
	struct firn_err err = { 0 };
	char line[80];

	if (firn_sha256(blob, n, digest, &err) < 0)
		return;
	text = firn_base64(digest, sizeof(digest));
	if (text == NULL)
		return;
	text[strcspn(text, "=")] = '\0';
	snprintf(line, sizeof(line), "SHA256:%s", text);
	firn_json_text(facts, "fingerprint", line);
}

/* The string at `*at`, behind its length in 4 bytes. */
static const unsigned char *
next_string(const struct firn_pem *pem, size_t *at, size_t *n)
{
	const unsigned char *size = pem->bytes + *at;

	if (pem->n < *at + 4)
		return NULL;
	*n = (size_t)size[0] << 24 | (size_t)size[1] << 16 |
	     (size_t)size[2] << 8 | size[3];
	*at += 4;
	if (*n > pem->n - *at)
		return NULL;
	*at += *n;
	return pem->bytes + *at - *n;
}

/* The public half stands before the private one, sealed or not.  Source:
 * OpenSSH's PROTOCOL.key. */
static void
add_openssh(json_t *facts, const struct firn_pem *pem)
{
	const unsigned char *blob, *type;
	size_t at = 15, n, type_n;

	for (int i = 0; i < 3; i++) {
		if (next_string(pem, &at, &n) == NULL)
			return;
	}
	at += 4; /* how many keys */
	blob = next_string(pem, &at, &n);
	if (blob == NULL || n < 8)
		return;
	type = blob + 4;
	type_n = (size_t)blob[2] << 8 | blob[3];
	if (type_n < n - 4)
		json_object_set_new(facts, "type",
				    json_stringn((const char *)type, type_n));
	add_ssh(facts, blob, n);
}

static void
add_public(json_t *facts, const EVP_PKEY *key)
{
	unsigned char *der = NULL, digest[FIRN_SHA256];
	const char *type = EVP_PKEY_get0_type_name(key);
	struct firn_err err = { 0 };
	char line[FIRN_SHA256_TEXT + 8] = "SHA256:";
	int n = i2d_PUBKEY(key, &der);

	firn_json_text(facts, "type", type);
	if (n > 0 && firn_sha256(der, (size_t)n, digest, &err) == 0) {
		firn_hex(digest, sizeof(digest), line + strlen(line));
		firn_json_text(facts, "fingerprint", line);
	}
	OPENSSL_free(der);
}

void
firn_facts_pem(json_t *facts, const char *value, size_t len)
{
	struct firn_pem pem;
	EVP_PKEY *key;

	if (!firn_pem_open(&pem, value, len))
		return;
	if (pem.sealed)
		json_object_set_new(facts, "sealed", json_true());
	if (pem.kind == FIRN_PEM_OPENSSH)
		add_openssh(facts, &pem);
	key = firn_pem_key(&pem);
	if (key != NULL)
		add_public(facts, key);
	EVP_PKEY_free(key);
	firn_pem_close(&pem);
}
