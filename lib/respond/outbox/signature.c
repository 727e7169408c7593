#include "respond/outbox/signature.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "assess/rules/decode.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/digest.h"

#define PREFIX "whsec_"
#define KEY_LEAST 16
#define KEY_MOST 128

int
firn_webhook_key(const char *text, struct firn_secret *ret,
		 struct firn_err *err)
{
	unsigned char key[KEY_MOST];
	long len;
	int done;

	if (strncmp(text, PREFIX, strlen(PREFIX)) == 0)
		text += strlen(PREFIX);
	len = firn_base64_decode(text, strlen(text), key, sizeof(key));
	if (len < KEY_LEAST) {
		OPENSSL_cleanse(key, sizeof(key));
		return firn_err_set(err, EBADMSG,
				    "it is no webhook secret: " PREFIX
				    " and %d to %d bytes in base64",
				    KEY_LEAST, KEY_MOST);
	}
	done = firn_secret_add(ret, key, (size_t)len, err);
	OPENSSL_cleanse(key, sizeof(key));
	return done;
}

int
firn_webhook_sign(const struct firn_secret *key, const char *id,
		  const char *timestamp, const void *body, size_t len,
		  char ret[FIRN_WEBHOOK_SIGNATURE], struct firn_err *err)
{
	unsigned char digest[FIRN_SHA256];
	autobuf struct firn_buf content = { 0 };
	autofree char *base64 = NULL;

	firn_buf_addf(&content, "%s.%s.", id, timestamp);
	firn_buf_add(&content, body, len);
	if (firn_buf_check(&content, err) < 0 ||
	    firn_hmac_sha256(key->data, key->len, content.data, content.len,
			     digest, err) < 0)
		return -1;
	base64 = firn_base64(digest, sizeof(digest));
	if (base64 == NULL)
		return firn_err_nomem(err);
	snprintf(ret, FIRN_WEBHOOK_SIGNATURE, "v1,%s", base64);
	return 0;
}
