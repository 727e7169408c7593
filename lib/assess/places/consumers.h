#ifndef ASSESS_CONSUMERS_H
#define ASSESS_CONSUMERS_H

/*
 * consumers -- who else on the node has what is on a checklist.
 */

#include <jansson.h>

#include "assess/rules/rules.h"
#include "firn/case.h"
#include "firn/target.h"

/*
 * firn_neighbours_join(target, rules, of, checklist, err) -- each other
 * container is looked at with the same key, and what has the same fingerprint
 * gets it as one of "consumers" {"container", "name", "runtime", "where"}.
 *
 * Of all else nothing is kept.  What can't be looked at, and who wasn't within
 * 10 seconds, is a gap of the checklist.
 */
FIRN_MUST_CHECK int firn_neighbours_join(const struct firn_target *target,
					 const struct firn_secret_rules *rules,
					 const struct firn_case *of,
					 json_t *checklist,
					 struct firn_err *err);

#endif
