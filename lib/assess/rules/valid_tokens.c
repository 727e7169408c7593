#include "assess/rules/valid_kinds.h"

#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "assess/rules/decode.h"

/*
 * valid_tokens -- tokens of services: checksums and forms within.
 */

#define CRC62 6 /* digits */

/* Newer tokens of an App are longer and have none that is known. */
#define CHECKED_LEN 36

/*
 * Source: GitHub's "Behind GitHub's new authentication token formats" (2021),
 * and npm's announcement of the same for its own.
 */
bool
firn_valid_crc62(const char *value, size_t len)
{
	const char *body = memchr(value, '_', len);
	char expected[CRC62 + 1];
	size_t n;

	if (body == NULL)
		return false;
	body++;
	n = len - (size_t)(body - value);
	if (n != CHECKED_LEN)
		return n > CHECKED_LEN;
	firn_digits(firn_crc32(body, n - CRC62), 62, FIRN_BASE62, CRC62,
		    expected);
	return memcmp(body + n - CRC62, expected, CRC62) == 0;
}

#define CRC36 7

static bool
is_routable(const char *value, size_t len)
{
	char expected[CRC36 + 1];

	firn_digits(firn_crc32(value, len - CRC36), 36, FIRN_BASE36, CRC36,
		    expected);
	return memcmp(value + len - CRC36, expected, CRC36) == 0;
}

/*
 * prefix payload.VV.LLCCCCCCC, all base36: version, length of the payload,
 * CRC-32 of all before it.  An older one has no version.  What has no "." has
 * no checksum either.
 *
 * Source: gitlab-org/gitlab lib/authn/token_field/generator/routable_token.rb.
 */
bool
firn_valid_gitlab(const char *value, size_t len)
{
	const char *dash = memchr(value, '-', len);

	return memchr(value, '.', len) == NULL ||
	       (dash != NULL && len > CRC36 && is_routable(value, len));
}

/*
 * Base32 of the key id's bytes: the account stands in 40 bits of them.  Ids
 * from before 2019 have it otherwise; all of them have no 0, 1, 8 and 9.
 */
bool
firn_valid_aws_key_id(const char *value, size_t len)
{
	unsigned char bytes[10];

	return len == 20 &&
	       firn_base32_decode(value + 4, 16, bytes, sizeof(bytes)) == 10;
}

/* A first part that is a number in base64: the bot's id. */
bool
firn_valid_discord(const char *value, size_t len)
{
	const char *dot = memchr(value, '.', len);
	unsigned char id[32];
	long n;

	if (dot == NULL)
		return false;
	n = firn_base64_decode(value, (size_t)(dot - value), id, sizeof(id));
	for (long i = 0; i < n; i++) {
		if (id[i] < '0' || id[i] > '9')
			return false;
	}
	return n >= 17;
}

static bool
skip_field(const unsigned char *bytes, size_t n, size_t *at, size_t *size)
{
	size_t length = 0;

	for (unsigned shift = 0; *at < n && shift < 21; shift += 7) {
		unsigned char byte = bytes[(*at)++];

		length |= (size_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			*size = length;
			*at += length;
			return *at <= n;
		}
	}
	return false;
}

/* Fields up to a signature of 32 bytes, which is the last.  Source:
 * libmacaroons' doc/format.txt, version 2. */
static bool
is_macaroon(const unsigned char *bytes, size_t n)
{
	size_t at = 1, size;

	if (n < 40 || bytes[0] != 2)
		return false;
	while (at < n) {
		unsigned char type = bytes[at++];

		if (type == 0)
			continue;
		if (!skip_field(bytes, n, &at, &size))
			return false;
		if (type == 6)
			return size == 32 && at == n;
	}
	return false;
}

bool
firn_valid_pypi(const char *value, size_t len)
{
	unsigned char bytes[1024];
	const char *dash = memchr(value, '-', len);
	long n;
	bool holds;

	if (dash == NULL)
		return false;
	dash++;
	n = firn_base64_decode(dash, len - (size_t)(dash - value), bytes,
			       sizeof(bytes));
	holds = n > 0 && is_macaroon(bytes, (size_t)n);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return holds;
}

/* "user:password" in base64, in printable bytes. */
bool
firn_valid_basic(const char *value, size_t len)
{
	unsigned char bytes[2048];
	long n = firn_base64_decode(value, len, bytes, sizeof(bytes));
	bool colon = false, holds = n > 2;

	for (long i = 0; i < n && holds; i++) {
		colon |= bytes[i] == ':' && i > 0 && i + 1 < n;
		holds = bytes[i] >= ' ' && bytes[i] != 0x7f;
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return holds && colon;
}

static bool
is_base64_of(const char *value, size_t len, long size)
{
	unsigned char bytes[96];
	long n = firn_base64_decode(value, len, bytes, sizeof(bytes));

	OPENSSL_cleanse(bytes, sizeof(bytes));
	return n == size;
}

bool
firn_valid_base64_32(const char *value, size_t len)
{
	return is_base64_of(value, len, 32);
}

bool
firn_valid_base64_64(const char *value, size_t len)
{
	return is_base64_of(value, len, 64);
}
