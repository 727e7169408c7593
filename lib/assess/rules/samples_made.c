#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assess/rules/decode.h"
#include "assess/rules/samples.h"
#include "base/auto.h"
#include "base/digest.h"

/*
 * samples_made -- samples with a checksum or an inner structure.
 */

/* `n` digits of base 62. */
static void
add_alnum(struct firn_buf *buf, struct firn_chance *chance, size_t n)
{
	for (size_t i = 0; i < n; i++)
		firn_buf_add(buf, &FIRN_BASE62[firn_chance_below(chance, 62)],
			     1);
}

/* base64url without padding. */
static void
encode_url(struct firn_buf *buf, const void *data, size_t n)
{
	autofree char *text = firn_base64(data, n);

	for (char *c = text; c != NULL && *c != '\0' && *c != '='; c++) {
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
		firn_buf_add(buf, c, 1);
	}
}

static void
make_crc62(const char *prefix, struct firn_chance *chance, struct firn_buf *buf)
{
	char sum[7];

	firn_buf_addf(buf, "%s", prefix);
	add_alnum(buf, chance, 30);
	if (!buf->failed)
		firn_digits(firn_crc32(buf->data + buf->len - 30, 30), 62,
			    FIRN_BASE62, 6, sum);
	firn_buf_add(buf, sum, 6);
}

static void
make_gitlab(const char *prefix, struct firn_chance *chance,
	    struct firn_buf *buf)
{
	autobuf struct firn_buf token = { 0 };
	char sum[8];

	firn_buf_addf(&token, "%s", prefix);
	add_alnum(&token, chance, 27);
	firn_buf_addf(&token, ".01.0r");
	if (token.failed)
		return;
	firn_digits(firn_crc32(token.data, token.len), 36, FIRN_BASE36, 7, sum);
	firn_buf_addf(buf, "%s%s", token.data, sum);
}

/* The claims of a service account, bound to a pod or as a Secret has them. */
static void
make_k8s(const char *arg, struct firn_chance *chance, struct firn_buf *buf)
{
	static const char bound[] =
		"{\"aud\":[\"https://kubernetes.default.svc\"],"
		"\"exp\":2000000000,\"iss\":\"https://kubernetes.default.svc\","
		"\"kubernetes.io\":{\"namespace\":\"drill\","
		"\"node\":{\"name\":\"node-1\"},"
		"\"pod\":{\"name\":\"web-1\"},"
		"\"serviceaccount\":{\"name\":\"firn\"}},"
		"\"sub\":\"system:serviceaccount:drill:firn\"}";
	static const char legacy[] =
		"{\"iss\":\"kubernetes/serviceaccount\","
		"\"kubernetes.io/serviceaccount/namespace\":\"drill\","
		"\"kubernetes.io/serviceaccount/secret.name\":\"firn-token\","
		"\"sub\":\"system:serviceaccount:drill:firn\"}";

	(void)chance;
	if (strcmp(arg, "legacy") == 0)
		encode_url(buf, legacy, sizeof(legacy) - 1);
	else
		encode_url(buf, bound, sizeof(bound) - 1);
}

static void
make_jwt(const char *arg, struct firn_chance *chance, struct firn_buf *buf)
{
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	static const char claims[] = "{\"iss\":\"https://issuer.firn.example\","
				     "\"sub\":\"drill\",\"aud\":[\"firn\"],"
				     "\"exp\":2000000000}";
	unsigned char signature[64];

	(void)arg;
	firn_chance_bytes(chance, signature, sizeof(signature));
	encode_url(buf, header, sizeof(header) - 1);
	firn_buf_addf(buf, ".");
	encode_url(buf, claims, sizeof(claims) - 1);
	firn_buf_addf(buf, ".");
	encode_url(buf, signature, sizeof(signature));
}

/* The bot's id in base64, a time and a signature. */
static void
make_discord(const char *arg, struct firn_chance *chance, struct firn_buf *buf)
{
	char id[20];

	(void)arg;
	snprintf(id, sizeof(id), "9%09u%08u",
		 firn_chance_below(chance, 1u << 29),
		 firn_chance_below(chance, 99999999));
	encode_url(buf, id, strlen(id));
	firn_buf_addf(buf, ".G");
	add_alnum(buf, chance, 5);
	firn_buf_addf(buf, ".");
	add_alnum(buf, chance, 38);
}

static void
make_uuid(const char *arg, struct firn_chance *chance, struct firn_buf *buf)
{
	unsigned char b[16];
	char hex[33];

	(void)arg;
	firn_chance_bytes(chance, b, sizeof(b));
	firn_hex(b, sizeof(b), hex);
	firn_buf_addf(buf, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8,
		      hex + 12, hex + 16, hex + 20);
}

/* Location pypi.org, an identifier, and a signature of 32 bytes. */
static void
make_pypi(const char *arg, struct firn_chance *chance, struct firn_buf *buf)
{
	static const unsigned char head[] = "\x02\x01\x08pypi.org\x02\x24";
	static const unsigned char tail[] = { 0, 0, 6, 32 };
	unsigned char bytes[13 + 36 + sizeof(tail) + 32];

	(void)arg;
	firn_chance_bytes(chance, bytes, sizeof(bytes));
	memcpy(bytes, head, 13);
	memcpy(bytes + 13 + 36, tail, sizeof(tail));
	firn_buf_addf(buf, "pypi-");
	encode_url(buf, bytes, sizeof(bytes));
}

static void
make_basic(const char *arg, struct firn_chance *chance, struct firn_buf *buf)
{
	autobuf struct firn_buf login = { 0 };
	autofree char *text = NULL;

	(void)arg;
	firn_buf_addf(&login, "firn:drill-");
	add_alnum(&login, chance, 16);
	text = login.failed ? NULL : firn_base64(login.data, login.len);
	firn_buf_addf(buf, "%s", text != NULL ? text : "");
}

/* So many bytes in base64. */
static void
make_bytes(const char *arg, struct firn_chance *chance, struct firn_buf *buf)
{
	unsigned char bytes[256];
	unsigned long n = strtoul(arg, NULL, 10);
	autofree char *text = NULL;

	if (n > sizeof(bytes))
		n = sizeof(bytes);
	firn_chance_bytes(chance, bytes, n);
	text = firn_base64(bytes, n);
	firn_buf_addf(buf, "%s", text != NULL ? text : "");
}

static const struct {
	const char *name;
	firn_sample_kind *make;
} made[] = {
	{ "basic", make_basic },
	{ "bytes", make_bytes },
	{ "crc62", make_crc62 },
	{ "gitlab", make_gitlab },
	{ "discord", make_discord },
	{ "k8s", make_k8s },
	{ "jwt", make_jwt },
	{ "pypi", make_pypi },
	{ "uuid", make_uuid },
	{ "pem", firn_sample_pem },
	{ "pem64", firn_sample_pem64 },
	{ "pemline", firn_sample_pem_line },
	{ "age", firn_sample_bech32 },
	{ "wif", firn_sample_base58 },
	{ "xprv", firn_sample_xprv },
	{ "nkey", firn_sample_crc16 },
};

bool
firn_sample_made(const char *name, const char *arg, struct firn_chance *chance,
		 struct firn_buf *buf)
{
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		if (strcmp(made[i].name, name) != 0)
			continue;
		made[i].make(arg, chance, buf);
		return true;
	}
	return false;
}
