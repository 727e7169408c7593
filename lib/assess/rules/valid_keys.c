#include "assess/rules/valid_kinds.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "assess/rules/decode.h"
#include "assess/rules/pem.h"
#include "base/auto.h"

/*
 * valid_keys -- keys that a library can read.
 */

static bool
is_pgp_secret(const unsigned char *bytes, size_t n)
{
	unsigned tag;

	if (n < 16 || (bytes[0] & 0x80) == 0)
		return false;
	tag = (bytes[0] & 0x40) != 0 ? bytes[0] & 0x3fu : bytes[0] >> 2 & 0xfu;
	return tag == 5 || tag == 7;
}

/* Of these only the outside: the key is behind a passphrase. */
static bool
is_sealed(const struct firn_pem *pem)
{
	const unsigned char *at = pem->bytes;
	X509_SIG *sealed;

	if (pem->kind != FIRN_PEM_PKCS8)
		return pem->n >= 16;
	sealed = d2i_X509_SIG(NULL, &at, (long)pem->n);
	X509_SIG_free(sealed);
	return sealed != NULL;
}

bool
firn_valid_pem(const char *value, size_t len)
{
	struct firn_pem pem;
	EVP_PKEY *key = NULL;
	bool holds = false;

	if (!firn_pem_open(&pem, value, len))
		return false;
	if (pem.kind == FIRN_PEM_OPENSSH)
		holds = pem.n > 60; /* and it began with its magic */
	else if (pem.kind == FIRN_PEM_PGP)
		holds = is_pgp_secret(pem.bytes, pem.n);
	else if (pem.sealed)
		holds = is_sealed(&pem);
	else
		key = firn_pem_key(&pem);
	holds = holds || key != NULL;
	EVP_PKEY_free(key);
	firn_pem_close(&pem);
	return holds;
}

/* PEM in base64 once more, as kubeconfigs and Secrets have it; or DER. */
bool
firn_valid_pem64(const char *value, size_t len)
{
	autofree unsigned char *bytes = malloc(len + 1);
	long n =
		bytes == NULL ? -1 : firn_base64_decode(value, len, bytes, len);
	bool holds = n > 0 && firn_valid_pem((const char *)bytes, (size_t)n);

	if (bytes != NULL)
		OPENSSL_cleanse(bytes, len + 1);
	return holds;
}

bool
firn_valid_pkcs12(const char *value, size_t len)
{
	const unsigned char *at = (const unsigned char *)value;
	PKCS12 *store = len < 16 || value[0] != 0x30
				? NULL
				: d2i_PKCS12(NULL, &at, (long)len);

	PKCS12_free(store);
	return store != NULL;
}

/* Source: java.security.KeyStore's JavaKeyStore (0xfeedfeed) and JceKeyStore
 * (0xcececece): magic, version, number of entries. */
bool
firn_valid_jks(const char *value, size_t len)
{
	return len > 32 && (memcmp(value, "\xfe\xed\xfe\xed", 4) == 0 ||
			    memcmp(value, "\xce\xce\xce\xce", 4) == 0);
}

/* Source: MIT Kerberos, "The keytab file format": version 0x0501 or 0x0502. */
bool
firn_valid_keytab(const char *value, size_t len)
{
	return len > 16 && value[0] == 5 && (value[1] == 1 || value[1] == 2);
}
