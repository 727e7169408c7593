#ifndef CONTAIN_FREEZE_MEMBERS_H
#define CONTAIN_FREEZE_MEMBERS_H

/*
 * freeze_members -- who else is there, once the cgroup stands still.
 */

#include <jansson.h>

#include "firn/target.h"

/*
 * firn_freeze_members(target, result) -- scan, and add "escaped" and "foreign"
 * to a result: arrays of objects with "pid", "start_ticks", "membership".
 *
 * A scan that failed is "members_error" instead, with the reason: the freeze
 * itself stands.
 */
void firn_freeze_members(struct firn_target *target, json_t *result);

#endif
