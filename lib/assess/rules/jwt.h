#ifndef ASSESS_JWT_H
#define ASSESS_JWT_H

/*
 * jwt -- a signed token as it reads: header and claims.  Nothing is verified.
 *
 * Source: RFC 7519.
 */

#include <stddef.h>

#include <jansson.h>

enum firn_jwt_part {
	FIRN_JWT_HEADER,
	FIRN_JWT_CLAIMS
};

/* firn_jwt_part(token, len, part) -- a new object; NULL if it is none. */
json_t *firn_jwt_part(const char *token, size_t len, enum firn_jwt_part part);

#endif
