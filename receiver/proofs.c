#include <string.h>

#include <openssl/crypto.h>

#include "base/io.h"
#include "receiver/senders.h"
#include "respond/outbox/signature.h"

#define SIGNATURES_MAX 16 /* in one header */
#define ID_MAX 256        /* bytes */

/* Every proof of a kind, with its sender. */
#define each_proof(senders, wanted, sender, proof)                       \
	for (struct firn_sender *sender = (senders)->items;              \
	     sender < (senders)->items + (senders)->n; sender++)         \
		for (struct firn_proof *proof = sender->proofs;          \
		     proof < sender->proofs + sender->n_proofs; proof++) \
			if (proof->kind == (wanted))

struct firn_proven
firn_senders_user(const struct firn_senders *senders, uid_t uid)
{
	each_proof(senders, FIRN_CREDENTIAL_UNIX, sender,
		   proof) if (proof->uid == uid) return (struct firn_proven){
		sender, "user"
	};
	return (struct firn_proven){ 0 };
}

static bool
has_name(const struct firn_certificate *certificate, const char *name)
{
	for (size_t i = 0; i < certificate->n_names; i++)
		if (strcmp(certificate->names[i], name) == 0)
			return true;
	return false;
}

struct firn_proven
firn_senders_certificate(const struct firn_senders *senders,
			 const struct firn_certificate *certificate)
{
	each_proof(senders, FIRN_CREDENTIAL_CERTIFICATE, sender,
		   proof) if (proof->name != NULL
				      ? certificate->is_signed &&
						has_name(certificate,
							 proof->name)
				      : memcmp(proof->digest,
					       certificate->digest,
					       FIRN_SHA256) ==
						0) return (struct firn_proven){
		sender, "certificate"
	};
	return (struct firn_proven){ 0 };
}

bool
firn_senders_pinned(const struct firn_senders *senders,
		    const unsigned char digest[FIRN_SHA256])
{
	each_proof(senders, FIRN_CREDENTIAL_CERTIFICATE, sender,
		   proof) if (proof->name == NULL &&
			      memcmp(proof->digest, digest, FIRN_SHA256) ==
				      0) return true;
	return false;
}

bool
firn_senders_pin(const struct firn_senders *senders)
{
	each_proof(senders, FIRN_CREDENTIAL_CERTIFICATE, sender,
		   proof) if (proof->name == NULL) return true;
	return false;
}

/* Digests are compared, and all of them, so that neither length nor place of a
 * difference can be told by the time it takes. */
struct firn_proven
firn_senders_token(const struct firn_senders *senders, const char *token,
		   size_t len)
{
	struct firn_proven found = { 0 };
	unsigned char digest[FIRN_SHA256];
	struct firn_err ignored = { 0 };

	if (firn_sha256(token, len, digest, &ignored) < 0)
		return found;
	each_proof(senders, FIRN_CREDENTIAL_BEARER, sender,
		   proof) if (CRYPTO_memcmp(proof->digest, digest,
					    FIRN_SHA256) == 0) found =
		(struct firn_proven){ sender, "bearer" };
	return found;
}

static bool
is_standard(const struct firn_http_head *head)
{
	return firn_http_field(head, "webhook-id") != NULL &&
	       firn_http_field(head, "webhook-timestamp") != NULL &&
	       firn_http_field(head, "webhook-signature") != NULL;
}

bool
firn_senders_signed(const struct firn_senders *senders,
		    const struct firn_http_head *head)
{
	each_proof(senders, FIRN_CREDENTIAL_HUB, sender,
		   proof) if (firn_http_field(head, proof->header) !=
			      NULL) return true;
	if (!is_standard(head))
		return false;
	each_proof(senders, FIRN_CREDENTIAL_STANDARD, sender,
		   proof) return true;
	return false;
}

static bool
is_in_window(const struct firn_senders *senders, const char *timestamp,
	     int64_t now_s, int64_t *ret_until_s)
{
	uint64_t when;

	if (!firn_is_decimal(timestamp, &when) || when > INT64_MAX / 2)
		return false;
	*ret_until_s = (int64_t)when + senders->window_s;
	return (int64_t)when <= now_s + senders->window_s &&
	       now_s <= *ret_until_s;
}

/* "v1,BASE64 v1,BASE64 v1a,..."; `expected` is one of these. */
static bool
is_one_of(const char *signatures, const char *expected)
{
	size_t len = strlen(expected);
	bool found = false;

	for (size_t i = 0; i < SIGNATURES_MAX && *signatures != '\0'; i++) {
		size_t n = strcspn(signatures, " ");

		if (n == len && CRYPTO_memcmp(signatures, expected, len) == 0)
			found = true;
		signatures += n;
		signatures += strspn(signatures, " ");
	}
	return found;
}

static struct firn_proven
by_standard(const struct firn_senders *senders,
	    const struct firn_http_head *head, const char *body, size_t len,
	    int64_t now_s, int64_t *ret_until_s)
{
	const char *id = firn_http_field(head, "webhook-id");
	const char *timestamp = firn_http_field(head, "webhook-timestamp");
	const char *signatures = firn_http_field(head, "webhook-signature");
	struct firn_proven found = { 0 };
	struct firn_err ignored = { 0 };

	if (id[0] == '\0' || strlen(id) > ID_MAX ||
	    !is_in_window(senders, timestamp, now_s, ret_until_s))
		return found;
	each_proof(senders, FIRN_CREDENTIAL_STANDARD, sender, proof)
	{
		char expected[FIRN_WEBHOOK_SIGNATURE];

		if (firn_webhook_sign(&proof->secret, id, timestamp, body, len,
				      expected, &ignored) == 0 &&
		    is_one_of(signatures, expected))
			found = (struct firn_proven){ sender,
						      "standard-webhooks" };
	}
	return found;
}

/* "sha256=HEX"; some senders write the digits alone. */
static bool
is_hub_signature(const char *text, const unsigned char mac[FIRN_SHA256])
{
	unsigned char given[FIRN_SHA256];

	if (strncmp(text, "sha256=", 7) == 0)
		text += 7;
	return firn_unhex(text, given, sizeof(given)) == 0 &&
	       CRYPTO_memcmp(given, mac, sizeof(given)) == 0;
}

static struct firn_proven
by_hub(const struct firn_senders *senders, const struct firn_http_head *head,
       const char *body, size_t len)
{
	struct firn_proven found = { 0 };
	struct firn_err ignored = { 0 };

	each_proof(senders, FIRN_CREDENTIAL_HUB, sender, proof)
	{
		const char *text = firn_http_field(head, proof->header);
		unsigned char mac[FIRN_SHA256];

		if (text != NULL &&
		    firn_hmac_sha256(proof->secret.data, proof->secret.len,
				     body, len, mac, &ignored) == 0 &&
		    is_hub_signature(text, mac))
			found = (struct firn_proven){ sender, "hub-signature" };
	}
	return found;
}

struct firn_proven
firn_senders_signature(const struct firn_senders *senders,
		       const struct firn_http_head *head, const char *body,
		       size_t len, int64_t now_s,
		       unsigned char ret_digest[FIRN_SHA256],
		       int64_t *ret_until_s)
{
	struct firn_proven found = { 0 };
	struct firn_err ignored = { 0 };
	const char *name = body;
	size_t name_len = len;

	if (is_standard(head)) {
		found = by_standard(senders, head, body, len, now_s,
				    ret_until_s);
		name = firn_http_field(head, "webhook-id");
		name_len = strlen(name);
	}
	if (found.sender == NULL) {
		found = by_hub(senders, head, body, len);
		*ret_until_s = now_s + senders->window_s;
		name = body;
		name_len = len;
	}
	if (found.sender != NULL &&
	    firn_sha256(name, name_len, ret_digest, &ignored) < 0)
		found = (struct firn_proven){ 0 };
	return found;
}
