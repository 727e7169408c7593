#ifndef CONTAIN_KEEP_KEEPER_THAW_H
#define CONTAIN_KEEP_KEEPER_THAW_H

/*
 * keeper_thaw -- the dead man's switch: what firn froze thaws by itself at a
 * deadline.
 */

#include <stdint.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/ledger.h"
#include "firn/target.h"

/*
 * firn_keep_freeze(target, ledger, max_s, ret, ret_change, err) -- a keeper
 * that thaws, by the ledger, `max_s` seconds from now; time that the node
 * sleeps counts.
 *
 * `*ret` is a new object for the result: "pid", "deadline".
 */
FIRN_MUST_CHECK int firn_keep_freeze(const struct firn_target *target,
				     struct firn_ledger *ledger, unsigned max_s,
				     json_t **ret, uint64_t *ret_change,
				     struct firn_err *err);

#endif
