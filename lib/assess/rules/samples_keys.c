#include <stdlib.h>
#include <string.h>

#include "assess/rules/decode.h"
#include "assess/rules/samples.h"
#include "base/auto.h"
#include "base/digest.h"

/*
 * samples_keys -- private keys that open nothing, each sound in its format.
 */

#define KEY 32

/* --- PEM ------------------------------------------------------------------
 */

/* PKCS #8 of an Ed25519 key; RFC 8410. */
static void
der_pkcs8(const unsigned char key[KEY], struct firn_buf *der)
{
	static const unsigned char head[] = { 0x30, 0x2e, 0x02, 0x01,
					      0x00, 0x30, 0x05, 0x06,
					      0x03, 0x2b, 0x65, 0x70,
					      0x04, 0x22, 0x04, 0x20 };

	firn_buf_add(der, head, sizeof(head));
	firn_buf_add(der, key, KEY);
}

/* A key on P-256 without its public half; RFC 5915. */
static void
der_ec(const unsigned char key[KEY], struct firn_buf *der)
{
	static const unsigned char head[] = { 0x30, 0x31, 0x02, 0x01,
					      0x01, 0x04, 0x20 };
	static const unsigned char tail[] = { 0xa0, 0x0a, 0x06, 0x08,
					      0x2a, 0x86, 0x48, 0xce,
					      0x3d, 0x03, 0x01, 0x07 };

	firn_buf_add(der, head, sizeof(head));
	firn_buf_fill(der, 0x1f, 1); /* below the order of the curve */
	firn_buf_add(der, key + 1, KEY - 1);
	firn_buf_add(der, tail, sizeof(tail));
}

/* EncryptedPrivateKeyInfo by PBES2, whose parameters are not told. */
static void
der_sealed(const unsigned char key[KEY], struct firn_buf *der)
{
	static const unsigned char head[] = { 0x30, 0x2f, 0x30, 0x0b, 0x06,
					      0x09, 0x2a, 0x86, 0x48, 0x86,
					      0xf7, 0x0d, 0x01, 0x05, 0x0d,
					      0x04, 0x20 };

	firn_buf_add(der, head, sizeof(head));
	firn_buf_add(der, key, KEY);
}

static void
add_string(struct firn_buf *buf, const void *data, size_t n)
{
	unsigned char size[4] = { 0, 0, 0, (unsigned char)n };

	firn_buf_add(buf, size, 4);
	firn_buf_add(buf, data, n);
}

/* Source: OpenSSH's PROTOCOL.key. */
static void
der_openssh(const unsigned char key[KEY], struct firn_buf *der)
{
	autobuf struct firn_buf public = { 0 };

	add_string(&public, "ssh-ed25519", 11);
	add_string(&public, key, KEY);
	firn_buf_add(der, "openssh-key-v1", 15);
	add_string(der, "none", 4);
	add_string(der, "none", 4);
	add_string(der, "", 0);
	firn_buf_add(der, "\0\0\0\1", 4);
	if (!public.failed)
		add_string(der, public.data, public.len);
	add_string(der, key, KEY);
}

/* A secret-key packet; RFC 9580, 4.2. */
static void
der_pgp(const unsigned char key[KEY], struct firn_buf *der)
{
	firn_buf_add(der, "\xc5\x20", 2);
	firn_buf_add(der, key, KEY);
}

static const struct {
	const char *arg, *label;
	void (*der)(const unsigned char key[KEY], struct firn_buf *der);
} pems[] = {
	{ "pkcs8", "PRIVATE KEY", der_pkcs8 },
	{ "ec", "EC PRIVATE KEY", der_ec },
	{ "sealed", "ENCRYPTED PRIVATE KEY", der_sealed },
	{ "openssh", "OPENSSH PRIVATE KEY", der_openssh },
	{ "pgp", "PGP PRIVATE KEY BLOCK", der_pgp },
};

/* With `newline` for each line's end. */
static void
add_pem(const char *arg, struct firn_chance *chance, const char *newline,
	struct firn_buf *buf)
{
	autobuf struct firn_buf der = { 0 };
	autofree char *text = NULL;
	unsigned char key[KEY];
	size_t i = 0, len;

	while (i < sizeof(pems) / sizeof(pems[0]) - 1 &&
	       strcmp(pems[i].arg, arg) != 0)
		i++;
	firn_chance_bytes(chance, key, KEY);
	pems[i].der(key, &der);
	text = der.failed ? NULL : firn_base64(der.data, der.len);
	len = text != NULL ? strlen(text) : 0;
	firn_buf_addf(buf, "-----BEGIN %s-----%s", pems[i].label, newline);
	if (pems[i].der == der_pgp)
		firn_buf_addf(buf, "%s", newline);
	for (size_t at = 0; at < len; at += 64)
		firn_buf_addf(buf, "%.64s%s", text + at, newline);
	firn_buf_addf(buf, "-----END %s-----", pems[i].label);
}

void
firn_sample_pem(const char *arg, struct firn_chance *chance,
		struct firn_buf *buf)
{
	add_pem(arg, chance, "\n", buf);
}

/* As JSON and environment variables have it. */
void
firn_sample_pem_line(const char *arg, struct firn_chance *chance,
		     struct firn_buf *buf)
{
	add_pem(arg, chance, "\\n", buf);
}

/* As kubeconfigs have it. */
void
firn_sample_pem64(const char *arg, struct firn_chance *chance,
		  struct firn_buf *buf)
{
	autobuf struct firn_buf pem = { 0 };
	autofree char *text = NULL;

	add_pem(arg, chance, "\n", &pem);
	text = pem.failed ? NULL : firn_base64(pem.data, pem.len);
	firn_buf_addf(buf, "%s", text != NULL ? text : "");
}

/* --- checksums ------------------------------------------------------------
 */

/* Bytes and the checksum behind them, for which there is room. */
static void
add_base58(unsigned char *bytes, size_t n, struct firn_buf *buf)
{
	static const char digits[] =
		"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	unsigned char sum[FIRN_SHA256];
	struct firn_err err = { 0 };
	char text[128];
	size_t at = sizeof(text);

	if (firn_sha256(bytes, n, sum, &err) < 0 ||
	    firn_sha256(sum, sizeof(sum), sum, &err) < 0)
		return;
	memcpy(bytes + n, sum, 4);
	for (bool some = true; some && at > 0;) {
		unsigned rest = 0;

		some = false;
		for (size_t i = 0; i < n + 4; i++) {
			rest = rest * 256 + bytes[i];
			bytes[i] = (unsigned char)(rest / 58);
			some |= bytes[i] != 0;
			rest %= 58;
		}
		text[--at] = digits[rest];
	}
	firn_buf_add(buf, text + at, sizeof(text) - at);
}

/* A Bitcoin key to import: 0x80 and the key. */
void
firn_sample_base58(const char *arg, struct firn_chance *chance,
		   struct firn_buf *buf)
{
	unsigned char bytes[1 + KEY + 4] = { 0x80 };

	(void)arg;
	firn_chance_bytes(chance, bytes + 1, KEY);
	add_base58(bytes, 1 + KEY, buf);
}

/* A master key; BIP-32. */
void
firn_sample_xprv(const char *arg, struct firn_chance *chance,
		 struct firn_buf *buf)
{
	unsigned char bytes[78 + 4] = { 0x04, 0x88, 0xad, 0xe4 };

	(void)arg;
	firn_chance_bytes(chance, bytes + 13, 32);
	firn_chance_bytes(chance, bytes + 46, KEY);
	add_base58(bytes, 78, buf);
}

void
firn_sample_bech32(const char *arg, struct firn_chance *chance,
		   struct firn_buf *buf)
{
	static const char digits[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
	static const char head[] = "age-secret-key-";
	uint32_t sum = 1;

	(void)arg;
	for (const char *c = head; *c != '\0'; c++)
		sum = firn_bech32_step(sum, (unsigned char)*c >> 5);
	sum = firn_bech32_step(sum, 0);
	for (const char *c = head; *c != '\0'; c++)
		sum = firn_bech32_step(sum, *c & 31);
	firn_buf_addf(buf, "AGE-SECRET-KEY-1");
	for (int i = 0; i < 52; i++) {
		uint32_t value = firn_chance_below(chance, 32);

		sum = firn_bech32_step(sum, value);
		firn_buf_add(buf, digits + value, 1);
	}
	for (int i = 0; i < 6; i++)
		sum = firn_bech32_step(sum, 0);
	sum ^= 1;
	for (int i = 0; i < 6; i++)
		firn_buf_add(buf, digits + (sum >> 5 * (5 - i) & 31), 1);
}

/* A seed of NATS (a user's, "SU") or of Stellar ("S"). */
void
firn_sample_crc16(const char *arg, struct firn_chance *chance,
		  struct firn_buf *buf)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	static const unsigned char nats[] = { 0x95, 0x00 },
				   stellar[] = { 0x90 };
	bool is_nats = strcmp(arg, "nats") == 0;
	size_t head = is_nats ? sizeof(nats) : sizeof(stellar), n = head + KEY;
	unsigned char bytes[sizeof(nats) + KEY + 2 + 1] = { 0 };
	uint16_t crc;

	memcpy(bytes, is_nats ? nats : stellar, head);
	firn_chance_bytes(chance, bytes + head, KEY);
	crc = firn_crc16(bytes, n);
	bytes[n] = (unsigned char)crc;
	bytes[n + 1] = (unsigned char)(crc >> 8);
	for (size_t bit = 0; bit < (n + 2) * 8; bit += 5) {
		unsigned two =
			(unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];

		firn_buf_add(buf, digits + (two >> (11 - bit % 8) & 31), 1);
	}
}
