#ifndef TARGET_BARE_H
#define TARGET_BARE_H

/*
 * bare -- a container that nothing names: a process with namespaces of its own
 * in a control group of its own.
 */

#include "firn/err.h"
#include "target/node.h"

/* bare_owner(node, pid) -- the running container that a process belongs to by
 * its pid namespace, wherever its control group is; NULL if none. */
const struct candidate *bare_owner(const struct node *node, pid_t pid);

/*
 * bare_make(node, pid, v2, freezer, ret, err) -- add one to the node.
 *
 * `pid` is a process of it; `v2` and `freezer` are its control groups, "" or
 * "/" where it has none.  They are taken further up as long as there is nothing
 * in them but the processes of its pid namespace.  Once per node.
 */
FIRN_MUST_CHECK int bare_make(struct node *node, pid_t pid, const char *v2,
			      const char *freezer, const struct candidate **ret,
			      struct firn_err *err);

#endif
