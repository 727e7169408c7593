#ifndef RESPOND_PLAYBOOK_UUID_H
#define RESPOND_PLAYBOOK_UUID_H

/*
 * uuid -- identifiers that are made of what they identify.
 */

#include <stddef.h>

#include "firn/err.h"

#define FIRN_UUID 16            /* bytes */
#define FIRN_UUID_TEXT (36 + 1) /* "aa7caf3a-d55a-4e9a-b34e-056215fba56a" */

/* firn_uuid_named(space, name, ret, err) -- version 5 of RFC 4122, section 4.3.
 * ENOTSUP where libcrypto refuses SHA-1. */
FIRN_MUST_CHECK int firn_uuid_named(const unsigned char space[FIRN_UUID],
				    const char *name, char ret[FIRN_UUID_TEXT],
				    struct firn_err *err);

/* firn_uuid_of(digest, ret) -- 122 bits of a digest of 16 bytes or more, in the
 * form of version 4: for who wants its form, and the same each time. */
void firn_uuid_of(const unsigned char *digest, char ret[FIRN_UUID_TEXT]);

#endif
