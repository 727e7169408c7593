#ifndef EVIDENCE_CUSTODY_CHAIN_H
#define EVIDENCE_CUSTODY_CHAIN_H

/*
 * custody_chain -- the lines of a custody record, each bound to the one before.
 */

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/digest.h"
#include "firn/err.h"

/* Where a record ends: what the next line has to say. */
struct firn_custody_end {
	uint64_t seq;                  /* of its last line; 0 for none */
	char digest[FIRN_SHA256_TEXT]; /* of it; zeros for none */
	const char *torn;              /* into the text, behind it; or NULL */
	size_t torn_len;               /* without the end of its line */
};

/* More that doesn't fit than this is not listed. */
#define FIRN_CUSTODY_FAILURES 100

/*
 * firn_custody_chain(text, len, lines, failures, ret, err) -- go through a
 * record.
 *
 * Each line is added to `lines`, which may be NULL, and what doesn't fit to
 * `failures`.
 */
FIRN_MUST_CHECK int firn_custody_chain(const char *text, size_t len,
				       json_t *lines, json_t *failures,
				       struct firn_custody_end *ret,
				       struct firn_err *err);

/* firn_custody_chain_on(text, len, lines, failures, end, err) -- the same for a
 * text that goes on from `end`, and moves it; nothing may be torn there. */
FIRN_MUST_CHECK int firn_custody_chain_on(const char *text, size_t len,
					  json_t *lines, json_t *failures,
					  struct firn_custody_end *end,
					  struct firn_err *err);

/* firn_custody_start(ret) -- the end of a record that has no line yet. */
void firn_custody_start(struct firn_custody_end *ret);

/* firn_custody_start_at(text, len, ret) -- the end that the first line of a
 * text says it goes on from: for a record whose beginning isn't here. */
void firn_custody_start_at(const char *text, size_t len,
			   struct firn_custody_end *ret);

#endif
