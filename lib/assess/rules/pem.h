#ifndef ASSESS_PEM_H
#define ASSESS_PEM_H

/*
 * pem -- a private key in its armour: PEM (RFC 7468), OpenSSH's and OpenPGP's.
 */

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

enum firn_pem_kind {
	FIRN_PEM_PKCS8,   /* PRIVATE KEY, ENCRYPTED PRIVATE KEY */
	FIRN_PEM_OLD,     /* RSA, EC or DSA PRIVATE KEY */
	FIRN_PEM_OPENSSH, /* OPENSSH PRIVATE KEY */
	FIRN_PEM_PGP      /* PGP PRIVATE KEY BLOCK */
};

struct firn_pem {
	enum firn_pem_kind kind;
	bool sealed; /* by a passphrase */
	unsigned char *bytes;
	size_t n, size;
};

/* firn_pem_open(ret, text, len) -- the first block in the text; line ends may
 * be written `\n`.  False if there is none, or it isn't base64. */
bool firn_pem_open(struct firn_pem *ret, const char *text, size_t len);
void firn_pem_close(struct firn_pem *pem);

/* firn_pem_key(pem) -- for EVP_PKEY_free(3); NULL if it is sealed, or none. */
EVP_PKEY *firn_pem_key(const struct firn_pem *pem);

#endif
