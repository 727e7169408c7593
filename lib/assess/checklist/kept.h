#ifndef ASSESS_KEPT_H
#define ASSESS_KEPT_H

/*
 * kept -- what the case's custody record and its copy of the checklist say.
 */

#include <jansson.h>

#include "firn/err.h"

/* firn_ticks(custody, ret, err) -- of a record as firn_custody_read() returns
 * it: by fingerprint, {"by", "at", "note"} of what is ticked off.  A new
 * object. */
FIRN_MUST_CHECK int firn_ticks(const json_t *custody, json_t **ret,
			       struct firn_err *err);

/* firn_tick_items(items, ticks, err) -- "done" of each item, anew. */
FIRN_MUST_CHECK int firn_tick_items(json_t *items, const json_t *ticks,
				    struct firn_err *err);

#endif
