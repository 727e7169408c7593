#ifndef CONTAIN_FREEZE_THAW_FORGET_H
#define CONTAIN_FREEZE_THAW_FORGET_H

/*
 * thaw_forget -- what a reboot has thawed.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/ledger.h"

/* firn_thaw_forget(ledger, result, err) -- close the freezes of boots before
 * this one, and say so in the result of a thaw, as "why". */
FIRN_MUST_CHECK int firn_thaw_forget(struct firn_ledger *ledger, json_t *result,
				     struct firn_err *err);

#endif
