#ifndef ASSESS_DECODE_H
#define ASSESS_DECODE_H

/*
 * decode -- the encodings that secrets come in.
 *
 * What they return is the bytes of a secret: OPENSSL_cleanse() it.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * firn_base64_decode(text, len, ret, size) -- RFC 4648 in either alphabet, with
 * padding or without.  Blanks and line ends are skipped, also those written as
 * `\n`.  Returns how many bytes, or -1 if it is none or doesn't fit in `size`.
 */
long firn_base64_decode(const char *text, size_t len, unsigned char *ret,
			size_t size);

/* firn_base32_decode(text, len, ret, size) -- RFC 4648, upper case, without
 * padding; what is left of the last byte is dropped. */
long firn_base32_decode(const char *text, size_t len, unsigned char *ret,
			size_t size);

/* firn_crc32(data, len) -- of ISO 3309, as in zlib. */
uint32_t firn_crc32(const void *data, size_t len);

/* firn_crc16(data, len) -- CRC-16/XMODEM. */
uint16_t firn_crc16(const void *data, size_t len);

/* firn_bech32_step(sum, value) -- the checksum of BIP-173 with 5 bits more. */
uint32_t firn_bech32_step(uint32_t sum, uint32_t value);

/* firn_digits(number, base, alphabet, width, ret) -- with leading zeros, and a
 * NUL. */
void firn_digits(uint32_t number, unsigned base, const char *alphabet,
		 size_t width, char *ret);

#define FIRN_BASE62 \
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define FIRN_BASE36 "0123456789abcdefghijklmnopqrstuvwxyz"

#endif
