#ifndef TARGET_PROTECT_H
#define TARGET_PROTECT_H

/*
 * protect -- what must never be frozen or cut off, whatever it's called.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/host.h"
#include "target/node.h"

/* protect_check(node, candidate, init, err) -- EPERM, with what to do, for a
 * cgroup that holds firn, pid 1, a daemon that the node needs, or what is not
 * exactly one container; `init` is the candidate's. */
FIRN_MUST_CHECK int protect_check(const struct node *node,
				  const struct candidate *candidate, pid_t init,
				  struct firn_err *err);

/* protect_is_daemon(host, pid) -- is it a daemon that the node needs: a
 * runtime, a kubelet, sshd, systemd, in the host's own namespaces? */
bool protect_is_daemon(const struct firn_host *host, pid_t pid);

#endif
