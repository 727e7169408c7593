#ifndef POLICY_QUIET_H
#define POLICY_QUIET_H

/*
 * quiet -- the hours in which alerts do less by themselves.
 */

#include <time.h>

#include "respond/policy/rules.h"

/*
 * firn_quiet_left(quiet, when) -- how long they go on at that time, in seconds;
 * 0 outside of them.
 *
 * By the clock on the wall: where clocks are turned, an hour more or less.
 */
unsigned firn_quiet_left(const struct firn_quiet *quiet, time_t when);

#endif
