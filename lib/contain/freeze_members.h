#ifndef CONTAIN_FREEZE_MEMBERS_H
#define CONTAIN_FREEZE_MEMBERS_H

/*
 * freeze_members -- who else is there, once the cgroup stands still.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/freeze.h"
#include "firn/ledger.h"
#include "firn/target.h"

/*
 * firn_freeze_members(target, ledger, how, result) -- stop the escapees, and
 * add "escaped", "foreign" and "joined" to a result, as firn_freeze() has them.
 *
 * What failed in it is "members_error", with the reason: the freeze itself
 * stands.  Returns whether one of the container's is known to run on.
 */
bool firn_freeze_members(struct firn_target *target, struct firn_ledger *ledger,
			 const struct firn_freezing *how, json_t *result);

#endif
