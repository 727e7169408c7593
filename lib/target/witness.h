#ifndef TARGET_WITNESS_H
#define TARGET_WITNESS_H

/*
 * witness -- what each source said of a container, and where they differ.
 */

#include "firn/target.h"
#include "target/node.h"

/* witness_hear(node, candidate, target) -- adds to `witnesses` and
 * `disagreements` of a target whose other facts stand. */
void witness_hear(const struct node *node, const struct candidate *candidate,
		  struct firn_target *target);

#endif
