#ifndef TARGET_CLUSTER_H
#define TARGET_CLUSTER_H

/*
 * cluster -- containers that a whole node depends on: its network's agents and
 * Kubernetes' own pods.
 */

#include "firn/err.h"
#include "target/node.h"

/*
 * cluster_check(node, candidate, err) -- EPERM, with what to do, for a pod of a
 * system namespace (kube-system, calico-system, ...), for a container or pod
 * that is called like a CNI agent or kube-proxy, and for one that runs such an
 * agent in the host's network namespace, as they all do.
 *
 * What it's called stands in the runtime's state, which is not the suspect's to
 * write; a process that merely calls itself so, in a network of its own, is
 * none.
 */
FIRN_MUST_CHECK int cluster_check(const struct node *node,
				  const struct candidate *candidate,
				  struct firn_err *err);

#endif
