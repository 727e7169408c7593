#include "assess/rules/pem.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "assess/rules/decode.h"

#define BEGIN "-----BEGIN "
#define DASHES "-----"

static const char *
find(const char *text, const char *end, const char *what)
{
	return text == NULL
		       ? NULL
		       : memmem(text, (size_t)(end - text), what, strlen(what));
}

static bool
has(const char *text, const char *end, const char *what)
{
	return find(text, end, what) != NULL;
}

/* Headers end with an empty line, which may be written `\n\n`. */
static const char *
skip_headers(const char *body, const char *end)
{
	static const char *const empty[] = { "\n\n", "\r\n\r\n", "\\n\\n",
					     "\\r\\n\\r\\n" };

	if (!has(body, end, ": "))
		return body;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		const char *at = find(body, end, empty[i]);

		if (at != NULL)
			return at + strlen(empty[i]);
	}
	return body;
}

/* OpenPGP has a checksum behind the base64: "=" and 4 digits in a line. */
static const char *
without_checksum(const char *body, const char *end)
{
	const char *at = memrchr(body, '=', (size_t)(end - body));

	return at != NULL && at > body && end - at >= 5 &&
			       (at[-1] == '\n' ||
				(at[-1] == 'n' && at - 1 > body &&
				 at[-2] == '\\'))
		       ? at
		       : end;
}

static bool
decode(struct firn_pem *pem, const char *body, const char *end)
{
	long n;

	pem->size = (size_t)(end - body) + 1;
	pem->bytes = malloc(pem->size);
	if (pem->bytes == NULL)
		return false;
	n = firn_base64_decode(body, (size_t)(end - body), pem->bytes,
			       pem->size);
	if (n <= 0)
		return false;
	pem->n = (size_t)n;
	return pem->kind != FIRN_PEM_OPENSSH ||
	       (pem->n > 15 && memcmp(pem->bytes, "openssh-key-v1", 15) == 0);
}

/* Between the magic and the key: the cipher, which may be "none". */
static bool
is_openssh_sealed(const struct firn_pem *pem)
{
	return pem->n < 23 || memcmp(pem->bytes + 15, "\0\0\0\4none", 8) != 0;
}

bool
firn_pem_open(struct firn_pem *ret, const char *text, size_t len)
{
	const char *end = text + len;
	const char *label = find(text, end, BEGIN), *body, *stop;

	*ret = (struct firn_pem){ 0 };
	if (label == NULL)
		return false;
	label += strlen(BEGIN);
	body = find(label, end, DASHES);
	stop = body == NULL ? NULL : find(body + 5, end, DASHES "END ");
	if (stop == NULL)
		return false;
	ret->kind = has(label, body, "OPENSSH") ? FIRN_PEM_OPENSSH
		    : has(label, body, "PGP")   ? FIRN_PEM_PGP
		    : label == find(label, body, "PRIVATE") ||
				    has(label, body, "ENCRYPTED")
			    ? FIRN_PEM_PKCS8
			    : FIRN_PEM_OLD;
	ret->sealed =
		has(label, body, "ENCRYPTED") || has(body, stop, "ENCRYPTED");
	body = skip_headers(body + 5, stop);
	if (ret->kind == FIRN_PEM_PGP)
		stop = without_checksum(body, stop);
	if (!decode(ret, body, stop)) {
		firn_pem_close(ret);
		return false;
	}
	if (ret->kind == FIRN_PEM_OPENSSH)
		ret->sealed = is_openssh_sealed(ret);
	return true;
}

void
firn_pem_close(struct firn_pem *pem)
{
	if (pem->bytes != NULL)
		OPENSSL_cleanse(pem->bytes, pem->size);
	free(pem->bytes);
	*pem = (struct firn_pem){ 0 };
}

EVP_PKEY *
firn_pem_key(const struct firn_pem *pem)
{
	const unsigned char *at = pem->bytes;
	EVP_PKEY *key = NULL;

	if (!pem->sealed &&
	    (pem->kind == FIRN_PEM_PKCS8 || pem->kind == FIRN_PEM_OLD))
		key = d2i_AutoPrivateKey(NULL, &at, (long)pem->n);
	ERR_clear_error();
	return key;
}
