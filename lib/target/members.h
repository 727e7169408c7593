#ifndef TARGET_MEMBERS_H
#define TARGET_MEMBERS_H

/*
 * members -- which processes of the host belong to a container, and how.
 */

#include "firn/err.h"
#include "firn/target.h"

/* members_scan(target, ret, err) -- one pass over every thread on the host;
 * `ret->items` is for the caller to free(3). */
FIRN_MUST_CHECK int members_scan(const struct firn_target *target,
				 struct firn_members *ret,
				 struct firn_err *err);

#endif
