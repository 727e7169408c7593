#ifndef ASSESS_JWT_H
#define ASSESS_JWT_H

/*
 * jwt -- who issued a token, to whom and for how long, as it says itself.
 *
 * Source: RFC 7519.  The signature is not checked, and of the token only these
 * claims are kept.
 */

#include <stddef.h>

#include <jansson.h>

/* firn_jwt_facts(item, value, len) -- if the value is one: "token" {"issuer",
 * "subject", "audience"} and "expires" into the item. */
void firn_jwt_facts(json_t *item, const char *value, size_t len);

#endif
