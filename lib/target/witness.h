#ifndef TARGET_WITNESS_H
#define TARGET_WITNESS_H

/*
 * witness -- what each source said of a container, and where they differ.
 */

#include "firn/err.h"
#include "firn/target.h"
#include "target/node.h"

/* witness_hear(node, candidate, target, err) -- fills in `witnesses` and
 * `disagreements` of a target whose other facts stand. */
FIRN_MUST_CHECK int witness_hear(const struct node *node,
				 const struct candidate *candidate,
				 struct firn_target *target,
				 struct firn_err *err);

#endif
