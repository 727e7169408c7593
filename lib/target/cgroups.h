#ifndef TARGET_CGROUPS_H
#define TARGET_CGROUPS_H

/*
 * cgroups -- the folders of a container's control groups.
 */

#include <stdbool.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/target.h"

/*
 * cgroup_hold(host, mount, path, is_v2, ret, err) -- open one and keep it.
 *
 * `mount` is where the hierarchy is, `path` the group's in it; without either
 * (NULL or "") `*ret` is none: no path, descriptor -1.  EPERM for a folder
 * that is not a cgroup of that kind, or the root.
 */
FIRN_MUST_CHECK int cgroup_hold(const struct firn_host *host, const char *mount,
				const char *path, bool is_v2,
				struct firn_cgroup *ret, struct firn_err *err);
void cgroup_release(struct firn_cgroup *cgroup);

/* cgroup_is_frozen(host, mount, path, is_v2) -- does it say that all its tasks
 * are?  No, where it can't be read. */
bool cgroup_is_frozen(const struct firn_host *host, const char *mount,
		      const char *path, bool is_v2);

#endif
