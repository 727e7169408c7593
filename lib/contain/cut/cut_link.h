#ifndef CONTAIN_CUT_CUT_LINK_H
#define CONTAIN_CUT_CUT_LINK_H

/*
 * cut_link -- an interface in the ledger, and one of the host's found again.
 */

#include <stdint.h>

#include <jansson.h>

#include "contain/cut/cut.h"
#include "firn/err.h"
#include "host/rtnl.h"

/* firn_place_describe(place, err) -- index, link address and network namespace
 * of its interface into the details; ours, unless the place says which. */
FIRN_MUST_CHECK int firn_place_describe(struct firn_place *place,
					struct firn_err *err);

uint32_t firn_place_ifindex(const json_t *details);

/* firn_place_is_here(details, err) -- are we in the network namespace in which
 * it was made?  EXDEV if not. */
FIRN_MUST_CHECK int firn_place_is_here(const json_t *details,
				       struct firn_err *err);

/*
 * firn_place_find(details, rtnl_fd, ret, err) -- the interface as it is now.
 *
 * Returns 1; 0 when it is gone, or its index is another one's by now.
 */
FIRN_MUST_CHECK int firn_place_find(const json_t *details, int rtnl_fd,
				    struct firn_link *ret,
				    struct firn_err *err);

#endif
