#ifndef FIRN_OWNERS_H
#define FIRN_OWNERS_H

/*
 * owners -- who rotates what, and until when: the "secrets" of the policy.
 *
 *	secrets:
 *	  owners:              # the first that fits has it
 *	    - kind: "aws-*"    # a glob of kinds
 *	      owner: cloud-team@example.org
 *	    - provider: github # and, or: all that are given must fit
 *	      priority: P0
 *	      owner: platform
 *	    - owner: security  # the rest
 *	  due: {P0: 4h, P1: 1d, P2: 7d, P3: 30d}
 */

#include <jansson.h>

#include "base/policy_file.h" /* FIRN_POLICY_PATH */
#include "firn/err.h"

struct firn_owners;

/*
 * firn_owners_open(ret, path, err) -- of a policy file; NULL is the node's own,
 * which need not be there: nobody owns anything then, and the due times are
 * firn's.
 *
 * Errors name file, line and column; a key that isn't known is one.
 */
FIRN_MUST_CHECK int firn_owners_open(struct firn_owners **ret, const char *path,
				     struct firn_err *err);
void firn_owners_close(struct firn_owners **owners);

/*
 * firn_owners_assign(owners, checklist, err) -- write "owner" and "due" into
 * each item, and "due" {"P0": "4h", ..., "by": "policy" or "firn"} into the
 * checklist.
 *
 * Due counts from when the item was "found", or the checklist was "made".  What
 * has expired is never due.
 */
FIRN_MUST_CHECK int firn_owners_assign(const struct firn_owners *owners,
				       json_t *checklist, struct firn_err *err);

#endif
