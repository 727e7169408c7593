#include "respond/playbook/uuid.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/digest.h"

/* The hyphens stand before these digits. */
static void
write_uuid(unsigned char bytes[FIRN_UUID], int version,
	   char ret[FIRN_UUID_TEXT])
{
	char digits[2 * FIRN_UUID + 1];

	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | version << 4);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	firn_hex(bytes, FIRN_UUID, digits);
	snprintf(ret, FIRN_UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", digits,
		 digits + 8, digits + 12, digits + 16, digits + 20);
}

int
firn_uuid_named(const unsigned char space[FIRN_UUID], const char *name,
		char ret[FIRN_UUID_TEXT], struct firn_err *err)
{
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	bool made;

	if (sha == NULL)
		return firn_err_nomem(err);
	made = EVP_DigestInit_ex(sha, EVP_sha1(), NULL) == 1 &&
	       EVP_DigestUpdate(sha, space, FIRN_UUID) == 1 &&
	       EVP_DigestUpdate(sha, name, strlen(name)) == 1 &&
	       EVP_DigestFinal_ex(sha, digest, NULL) == 1;
	EVP_MD_CTX_free(sha);
	if (!made)
		return firn_err_set(err, ENOTSUP,
				    "an identifier (UUID of version 5) can't "
				    "be made: libcrypto refuses SHA-1 here");
	write_uuid(digest, 5, ret);
	return 0;
}

void
firn_uuid_of(const unsigned char *digest, char ret[FIRN_UUID_TEXT])
{
	unsigned char bytes[FIRN_UUID];

	memcpy(bytes, digest, sizeof(bytes));
	write_uuid(bytes, 4, ret);
}
