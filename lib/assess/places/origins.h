#ifndef ASSESS_ORIGINS_H
#define ASSESS_ORIGINS_H

/*
 * origins -- where on the node the container's mounts come from.
 *
 * The kernel says it: a mount of the container and one of the node's that show
 * the same filesystem.  Where none of the node's does, what the runtime was
 * configured with has to do.
 *
 * Source: proc_pid_mountinfo(5).
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/target.h"
#include "host/mountinfo.h"

struct firn_origins {
	struct firn_mounts first,
		ours; /* of the node's process 1, and firn's */
};

void firn_origins_read(const struct firn_host *host, struct firn_origins *ret);
void firn_origins_free(struct firn_origins *origins);

/* firn_origin_of(origins, target, mount, ret, size) -- a path on the node;
 * false for what has none. */
bool firn_origin_of(const struct firn_origins *origins,
		    const struct firn_target *target,
		    const struct firn_mount *mount, char *ret, size_t size);

/* firn_path_covers(folder, path) -- is it the folder, or below it? */
bool firn_path_covers(const char *folder, const char *path);

#endif
