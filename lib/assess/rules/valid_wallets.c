#include "assess/rules/valid_kinds.h"

#include <string.h>

#include <openssl/crypto.h>

#include "assess/rules/decode.h"
#include "base/digest.h"

/*
 * valid_wallets -- keys whose text ends in a checksum over their bytes.
 */

#define BASE58 "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
#define BYTES_MAX 128

/* The text as a number of 256s, the last byte last; how many bytes, or -1. */
static long
base58_decode(const char *text, size_t len, unsigned char ret[BYTES_MAX])
{
	unsigned char bytes[BYTES_MAX] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const char *digit =
			text[i] != '\0' ? strchr(BASE58, text[i]) : NULL;
		unsigned carry;

		if (digit == NULL)
			return -1;
		carry = (unsigned)(digit - BASE58);
		for (size_t k = 0; k < n || carry > 0; k++) {
			if (k == BYTES_MAX)
				return -1;
			carry += 58u * (k < n ? bytes[k] : 0);
			bytes[k] = (unsigned char)carry;
			carry >>= 8;
			n = k >= n ? k + 1 : n;
		}
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = bytes[n - 1 - i];
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return (long)n;
}

/* The last 4 bytes begin SHA-256 of SHA-256 of the others.  Source: Bitcoin's
 * base58check, BIP-32 for xprv. */
bool
firn_valid_base58(const char *value, size_t len)
{
	unsigned char bytes[BYTES_MAX], once[FIRN_SHA256], twice[FIRN_SHA256];
	long n = base58_decode(value, len, bytes);
	struct firn_err err = { 0 };
	bool holds = n > 4 &&
		     firn_sha256(bytes, (size_t)n - 4, once, &err) == 0 &&
		     firn_sha256(once, sizeof(once), twice, &err) == 0 &&
		     memcmp(bytes + n - 4, twice, 4) == 0;

	OPENSSL_cleanse(bytes, sizeof(bytes));
	return holds;
}

/* Source: age's docs; the checksum is over the lower-case text. */
bool
firn_valid_bech32(const char *value, size_t len)
{
	static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	const char *one = memrchr(value, '1', len);
	size_t head = one != NULL ? (size_t)(one - value) : 0;
	uint32_t sum = 1;

	if (head == 0 || len - head < 8)
		return false;
	for (size_t i = 0; i < head; i++)
		sum = firn_bech32_step(sum,
				       (unsigned char)(value[i] | 0x20) >> 5);
	sum = firn_bech32_step(sum, 0);
	for (size_t i = 0; i < head; i++)
		sum = firn_bech32_step(sum, (value[i] | 0x20) & 31);
	for (size_t i = head + 1; i < len; i++) {
		const char *digit = strchr(digits, value[i] | 0x20);

		if (digit == NULL || *digit == '\0')
			return false;
		sum = firn_bech32_step(sum, (uint32_t)(digit - digits));
	}
	return sum == 1;
}

/* CRC-16/XMODEM at the end, its low byte first.  Source: nats-io/nkeys, and
 * Stellar's SEP-23. */
bool
firn_valid_crc16(const char *value, size_t len)
{
	unsigned char bytes[64];
	long n = firn_base32_decode(value, len, bytes, sizeof(bytes));
	uint16_t crc;
	bool holds = false;

	if (n > 2) {
		crc = firn_crc16(bytes, (size_t)n - 2);
		holds = bytes[n - 2] == (crc & 0xff) &&
			bytes[n - 1] == crc >> 8;
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return holds;
}
