#ifndef RESPOND_CASES_SEEN_H
#define RESPOND_CASES_SEEN_H

/*
 * seen -- which alerts have a case already, from before a crash.
 */

#include <jansson.h>

#include "firn/err.h"

/* firn_seen_in(id, lines, seen) -- "LETTER/INDEX" to case, of the diary of one
 * case, is added to the object `seen`. */
void firn_seen_in(const char *id, const json_t *lines, json_t *seen);

/* firn_seen(seen, err) -- of all cases. */
FIRN_MUST_CHECK int firn_seen(json_t *seen, struct firn_err *err);

#endif
