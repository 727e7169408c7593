#include "base/digest.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

/* Fetching the algorithm takes longer than digesting a small file with it. */
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *algorithm;

static void
fetch(void)
{
	algorithm = EVP_MD_fetch(NULL, "SHA2-256", NULL);
}

int
firn_sha256_start(struct firn_sha256 *sha, struct firn_err *err)
{
	pthread_once(&fetched, fetch);
	if (algorithm == NULL)
		return firn_err_set(err, ENOTSUP,
				    "this libcrypto has no SHA-256");
	if (sha->state == NULL)
		sha->state = EVP_MD_CTX_new();
	if (sha->state == NULL ||
	    EVP_DigestInit_ex2(sha->state, algorithm, NULL) != 1)
		return firn_err_nomem(err);
	return 0;
}

void
firn_sha256_add(struct firn_sha256 *sha, const void *data, size_t len)
{
	int done = EVP_DigestUpdate(sha->state, data, len);

	assert(done == 1);
}

void
firn_sha256_end(struct firn_sha256 *sha, unsigned char ret[FIRN_SHA256])
{
	int done = EVP_DigestFinal_ex(sha->state, ret, NULL);

	assert(done == 1);
}

void
firn_sha256_free(struct firn_sha256 *sha)
{
	EVP_MD_CTX_free(sha->state);
	sha->state = NULL;
}

int
firn_md5_start(struct firn_md5 *md5, struct firn_err *err)
{
	if (md5->state == NULL)
		md5->state = EVP_MD_CTX_new();
	if (md5->state == NULL)
		return firn_err_nomem(err);
	if (EVP_DigestInit_ex2(md5->state, EVP_md5(), NULL) != 1)
		return firn_err_set(err, ENOTSUP, "this libcrypto has no MD5");
	return 0;
}

void
firn_md5_add(struct firn_md5 *md5, const void *data, size_t len)
{
	int done = EVP_DigestUpdate(md5->state, data, len);

	assert(done == 1);
}

void
firn_md5_end(struct firn_md5 *md5, unsigned char ret[FIRN_MD5])
{
	int done = EVP_DigestFinal_ex(md5->state, ret, NULL);

	assert(done == 1);
}

void
firn_md5_free(struct firn_md5 *md5)
{
	EVP_MD_CTX_free(md5->state);
	md5->state = NULL;
}

int
firn_sha256(const void *data, size_t len, unsigned char ret[FIRN_SHA256],
	    struct firn_err *err)
{
	autosha256 struct firn_sha256 sha = { 0 };

	if (firn_sha256_start(&sha, err) < 0)
		return -1;
	firn_sha256_add(&sha, data, len);
	firn_sha256_end(&sha, ret);
	return 0;
}

int
firn_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
		 unsigned char ret[FIRN_SHA256], struct firn_err *err)
{
	if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, data,
		      len, ret, FIRN_SHA256, NULL) == NULL)
		return firn_err_set(err, ENOTSUP, "HMAC-SHA-256 failed");
	return 0;
}

int
firn_sha256_text(const void *data, size_t len, char ret[FIRN_SHA256_TEXT],
		 struct firn_err *err)
{
	unsigned char digest[FIRN_SHA256];

	if (firn_sha256(data, len, digest, err) < 0)
		return -1;
	firn_hex(digest, sizeof(digest), ret);
	return 0;
}

void
firn_hex(const void *data, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++) {
		*ret++ = digits[bytes[i] >> 4];
		*ret++ = digits[bytes[i] & 15];
	}
	*ret = '\0';
}

static int
nibble(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

int
firn_unhex(const char *text, void *ret, size_t len)
{
	unsigned char *bytes = ret;

	if (strlen(text) != 2 * len)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

char *
firn_base64(const void *data, size_t len)
{
	char *text;

	if (len > INT32_MAX / 2)
		return NULL;
	text = malloc((len + 2) / 3 * 4 + 1);
	if (text == NULL)
		return NULL;
	EVP_EncodeBlock((unsigned char *)text, data, (int)len);
	return text;
}
