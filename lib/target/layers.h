#ifndef TARGET_LAYERS_H
#define TARGET_LAYERS_H

/*
 * layers -- whose word is taken for where a container's files are.
 */

#include "firn/err.h"
#include "firn/target.h"
#include "target/node.h"

/*
 * layers_find(target, candidate, err) -- fills in `rootfs`.
 *
 * The engine's mount on the host comes first: the container can put anything
 * over its own root.  Where its first process sees another, that is noted in
 * `disagreements`.
 */
FIRN_MUST_CHECK int layers_find(struct firn_target *target,
				const struct candidate *candidate,
				struct firn_err *err);

#endif
