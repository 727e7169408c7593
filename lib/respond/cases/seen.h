#ifndef RESPOND_CASES_SEEN_H
#define RESPOND_CASES_SEEN_H

/*
 * seen -- which alerts have a case already, from before a crash.
 */

#include <jansson.h>

#include "firn/err.h"

/* firn_seen(ret, err) -- "LETTER/INDEX" to case, of all diaries: a new object.
 */
FIRN_MUST_CHECK int firn_seen(json_t **ret, struct firn_err *err);

#endif
