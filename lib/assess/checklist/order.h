#ifndef ASSESS_ORDER_H
#define ASSESS_ORDER_H

/*
 * order -- in which order secrets are rotated, as an argument that can be
 * read, and disputed.
 *
 * A table of considerations, each one a function of an item: how many points,
 * and a sentence that says why.  The same items have the same order.
 */

#include <time.h>

#include <jansson.h>

#include "firn/err.h"

/*
 * firn_order(items, now, err) -- sort an array of items, the most pressing
 * first, and write the argument into each.
 *
 * Reads "expires", "priority", "confidence", "readers", "consumers", "done" and
 * of "guide": "first", "mints", "ends", "breaks", "residual".  Sets "state"
 * ("valid", "expired", "unknown") and "order" {"rank", "points", "first"
 * ("revoke" or "replace"), "why" [sentences, the weightiest first]}.
 */
FIRN_MUST_CHECK int firn_order(json_t *items, time_t now, struct firn_err *err);

/* firn_readers_said(item) -- "any user in the container", for people. */
const char *firn_readers_said(const json_t *item);

#endif
