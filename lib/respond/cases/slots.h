#ifndef RESPOND_CASES_SLOTS_H
#define RESPOND_CASES_SLOTS_H

/*
 * slots -- so many at once on this node, and no more.
 */

#include "firn/err.h"

/*
 * firn_slot_take(name, max, ret_fd, err) -- wait for one of `max` slots of that
 * name; 0 is no limit, and leaves `*ret_fd` as it is.
 *
 * It is held for as long as the descriptor is open, here or in a child.  `name`
 * is letters, digits, `-_.`.
 */
FIRN_MUST_CHECK int firn_slot_take(const char *name, unsigned max, int *ret_fd,
				   struct firn_err *err);

#endif
