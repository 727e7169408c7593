#ifndef ASSESS_VALID_H
#define ASSESS_VALID_H

/*
 * valid -- structure that a pattern can't see: checksums, encodings, keys that
 * parse.  Nothing is asked of anybody, and no signature is verified.
 */

#include <stdbool.h>
#include <stddef.h>

struct firn_valid {
	const char *name; /* what a rule's "valid" says */
	bool (*holds)(const char *value, size_t len);
};

/* firn_valid_named(name) -- static; NULL if there is none. */
const struct firn_valid *firn_valid_named(const char *name);

#endif
