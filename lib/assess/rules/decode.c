#include "assess/rules/decode.h"

#include <stdbool.h>
#include <string.h>

/* -1 for none; '=' is none. */
static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* A blank, a line end, or `\n` and `\r` as texts in texts have it; its length.
 */
static size_t
blank(const char *text, size_t len)
{
	if (strchr(" \t\r\n", text[0]) != NULL && text[0] != '\0')
		return 1;
	return len >= 2 && text[0] == '\\' && (text[1] == 'n' || text[1] == 'r')
		       ? 2
		       : 0;
}

/* Behind the digits only padding and blanks. */
static bool
ends_here(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t skip = text[i] == '=' ? 1 : blank(text + i, len - i);

		if (skip == 0)
			return false;
		i += skip;
	}
	return true;
}

long
firn_base64_decode(const char *text, size_t len, unsigned char *ret,
		   size_t size)
{
	size_t n = 0, digits = 0;
	uint32_t bits = 0;

	for (size_t i = 0; i < len;) {
		size_t skip = blank(text + i, len - i);
		int digit = base64_digit(text[i]);

		if (skip > 0) {
			i += skip;
			continue;
		}
		if (text[i] == '=' && ends_here(text + i, len - i))
			break;
		if (digit < 0)
			return -1;
		bits = bits << 6 | (uint32_t)digit;
		if (++digits % 4 != 1) {
			if (n == size)
				return -1;
			ret[n++] =
				(unsigned char)(bits >>
						(2 * (3 - (digits - 1) % 4)));
		}
		i++;
	}
	return digits % 4 == 1 ? -1 : (long)n;
}

long
firn_base32_decode(const char *text, size_t len, unsigned char *ret,
		   size_t size)
{
	size_t n = 0, have = 0;
	uint32_t bits = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			bits = bits << 5 | (uint32_t)(c - 'A');
		else if (c >= '2' && c <= '7')
			bits = bits << 5 | (uint32_t)(c - '2' + 26);
		else
			return -1;
		have += 5;
		if (have < 8)
			continue;
		have -= 8;
		if (n == size)
			return -1;
		ret[n++] = (unsigned char)(bits >> have);
	}
	return (long)n;
}

uint32_t
firn_crc32(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
	}
	return ~crc;
}

void
firn_digits(uint32_t number, unsigned base, const char *alphabet, size_t width,
	    char *ret)
{
	ret[width] = '\0';
	for (size_t i = width; i > 0; i--) {
		ret[i - 1] = alphabet[number % base];
		number /= base;
	}
}

uint16_t
firn_crc16(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	unsigned crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned)bytes[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021
						  : crc << 1;
	}
	return (uint16_t)crc;
}

uint32_t
firn_bech32_step(uint32_t sum, uint32_t value)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d,
					      0x1ea119fa, 0x3d4233dd,
					      0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (int i = 0; i < 5; i++)
		sum ^= (top >> i & 1) != 0 ? generator[i] : 0;
	return sum;
}
