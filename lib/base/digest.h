#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

/*
 * digest -- SHA-256, and the encodings that carry it.
 */

#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"

#define FIRN_SHA256 32            /* bytes */
#define FIRN_SHA256_TEXT (64 + 1) /* hexadecimal and a NUL */

/* A digest in the making; NULL `state` before firn_sha256_start(). */
struct firn_sha256 {
	void *state; /* EVP_MD_CTX */
};

#define autosha256 __attribute__((cleanup(firn_sha256_free)))

/* firn_sha256_start(sha, err) -- begin, or begin again with the same memory. */
FIRN_MUST_CHECK int firn_sha256_start(struct firn_sha256 *sha,
				      struct firn_err *err);
void firn_sha256_add(struct firn_sha256 *sha, const void *data, size_t len);
void firn_sha256_end(struct firn_sha256 *sha, unsigned char ret[FIRN_SHA256]);
void firn_sha256_free(struct firn_sha256 *sha);

#define FIRN_MD5 16 /* bytes */

/* MD5, to compare with lists that have nothing better (dpkg's); proof of
 * nothing.  As firn_sha256; ENOTSUP where libcrypto refuses it (FIPS). */
struct firn_md5 {
	void *state; /* EVP_MD_CTX */
};

#define automd5 __attribute__((cleanup(firn_md5_free)))

FIRN_MUST_CHECK int firn_md5_start(struct firn_md5 *md5, struct firn_err *err);
void firn_md5_add(struct firn_md5 *md5, const void *data, size_t len);
void firn_md5_end(struct firn_md5 *md5, unsigned char ret[FIRN_MD5]);
void firn_md5_free(struct firn_md5 *md5);

/* firn_sha256(data, len, ret, err) -- of bytes in memory. */
FIRN_MUST_CHECK int firn_sha256(const void *data, size_t len,
				unsigned char ret[FIRN_SHA256],
				struct firn_err *err);

/* firn_sha256_text(data, len, ret, err) -- the same, in hexadecimal. */
FIRN_MUST_CHECK int firn_sha256_text(const void *data, size_t len,
				     char ret[FIRN_SHA256_TEXT],
				     struct firn_err *err);

/* firn_hmac_sha256(key, key_len, data, len, ret, err) -- RFC 2104. */
FIRN_MUST_CHECK int firn_hmac_sha256(const void *key, size_t key_len,
				     const void *data, size_t len,
				     unsigned char ret[FIRN_SHA256],
				     struct firn_err *err);

/* firn_hex(data, len, ret) -- 2 * `len` lower-case digits and a NUL. */
void firn_hex(const void *data, size_t len, char *ret);

/* firn_unhex(text, ret, len) -- exactly `len` bytes; 0, or -1 if `text` is
 * anything else. */
FIRN_MUST_CHECK int firn_unhex(const char *text, void *ret, size_t len);

/* firn_base64(data, len) -- RFC 4648, for the caller to free(3); NULL when
 * there is no memory. */
char *firn_base64(const void *data, size_t len);

#endif
