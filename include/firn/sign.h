#ifndef FIRN_SIGN_H
#define FIRN_SIGN_H

/*
 * sign -- Ed25519 keys and signatures that stock openssl verifies.
 *
 *	openssl pkeyutl -verify -pubin -inkey signer.pem -rawin -in FILE \
 *		-sigfile FILE.sig
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/err.h"

#define FIRN_SIGNATURE 64 /* bytes, RFC 8032 */

struct firn_key;

/*
 * firn_key_open(ret, path, err) -- read a key from PEM, private or public.
 *
 * A private key's file that others can read is EPERM.  Release with
 * firn_key_close(), which wipes it.
 */
FIRN_MUST_CHECK int firn_key_open(struct firn_key **ret, const char *path,
				  struct firn_err *err);

/* firn_key_fleeting(ret, err) -- a key in memory alone, for an archive that
 * nobody keeps. */
FIRN_MUST_CHECK int firn_key_fleeting(struct firn_key **ret,
				      struct firn_err *err);

/* firn_key_parse(ret, pem, len, err) -- a public key from memory. */
FIRN_MUST_CHECK int firn_key_parse(struct firn_key **ret, const char *pem,
				   size_t len, struct firn_err *err);

/*
 * firn_key_make(ret, path, err) -- make a key: PATH (PKCS #8 PEM, 0600) and
 * PATH.pub (SubjectPublicKeyInfo PEM, 0644), synced.  An existing PATH is
 * EEXIST; missing folders are made, 0700.
 */
FIRN_MUST_CHECK int firn_key_make(struct firn_key **ret, const char *path,
				  struct firn_err *err);
void firn_key_close(struct firn_key **key);

/* Where the node's own signing key is. */
#define FIRN_KEY_PATH "/etc/firn/keys/default.pem"

/* firn_key_of_node(ret, ret_made, err) -- that one; made on first use. */
FIRN_MUST_CHECK int firn_key_of_node(struct firn_key **ret, bool *ret_made,
				     struct firn_err *err);

/* "SHA256:" and 64 digits of the DER public key's digest, and a NUL. */
#define FIRN_FINGERPRINT (7 + 64 + 1)
void firn_key_fingerprint(const struct firn_key *key,
			  char ret[FIRN_FINGERPRINT]);

/* firn_key_public(key) -- the public half as PEM; borrowed. */
const char *firn_key_public(const struct firn_key *key);

FIRN_MUST_CHECK int firn_key_sign(const struct firn_key *key, const void *data,
				  size_t len, unsigned char ret[FIRN_SIGNATURE],
				  struct firn_err *err);

/* firn_key_verify(key, data, len, signature, signature_len) -- is it one? */
bool firn_key_verify(const struct firn_key *key, const void *data, size_t len,
		     const unsigned char *signature, size_t signature_len);

#endif
