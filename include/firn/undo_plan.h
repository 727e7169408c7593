#ifndef FIRN_UNDO_PLAN_H
#define FIRN_UNDO_PLAN_H

/*
 * undo_plan -- what a thaw or a release would do, in words.
 */

#include <jansson.h>

#include "firn/ledger.h"

/* firn_thaw_plan(ledger), firn_release_plan(ledger) -- of the ledger's open
 * changes, in the order in which they would be undone: a new array of texts.
 * `ledger` may be NULL: nothing stands in it. */
json_t *firn_thaw_plan(const struct firn_ledger *ledger);
json_t *firn_release_plan(const struct firn_ledger *ledger);

#endif
