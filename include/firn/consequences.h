#ifndef FIRN_CONSEQUENCES_H
#define FIRN_CONSEQUENCES_H

/*
 * consequences -- what a freeze will lead to on this platform.
 */

#include <jansson.h>

#include "firn/target.h"

/*
 * firn_consequences(target) -- a new array of objects:
 *   "kind"    "kill", "memory", "fuse", "ptrace", "health-check", "restart",
 *             "auto-remove", "orchestrator", "probe"
 *   "text"    one sentence for people
 *   "after_s" seconds until it bites at the earliest, where that is known
 *
 * Read from the kernel and from files on this node; no daemon is asked.  What
 * can't be read is left out, or said to be unknown where it matters.
 *
 * Source: moby daemon/health.go; kubernetes.io, "Configure Liveness, Readiness
 * and Startup Probes"; containerd runtime/restart; podman-run(1); cgroup-v2.rst
 * "cgroup.freeze", "memory.max".
 */
json_t *firn_consequences(const struct firn_target *target);

#endif
