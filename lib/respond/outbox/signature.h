#ifndef OUTBOX_SIGNATURE_H
#define OUTBOX_SIGNATURE_H

/*
 * signature -- webhooks signed as Standard Webhooks has it.
 *
 * Source: https://github.com/standard-webhooks/standard-webhooks,
 * spec/standard-webhooks.md.
 */

#include <stddef.h>

#include "base/secret.h"
#include "firn/err.h"

/* "v1,", 44 characters and a NUL. */
#define FIRN_WEBHOOK_SIGNATURE 48

/* firn_webhook_key(text, ret, err) -- the key of "whsec_BASE64"; also without
 * the first part, and with a line's end.  16 to 128 bytes, else EBADMSG. */
FIRN_MUST_CHECK int firn_webhook_key(const char *text, struct firn_secret *ret,
				     struct firn_err *err);

/* firn_webhook_sign(key, id, timestamp, body, len, ret, err) -- of
 * ID.TIMESTAMP.BODY, as "webhook-signature" has it. */
FIRN_MUST_CHECK int firn_webhook_sign(const struct firn_secret *key,
				      const char *id, const char *timestamp,
				      const void *body, size_t len,
				      char ret[FIRN_WEBHOOK_SIGNATURE],
				      struct firn_err *err);

#endif
