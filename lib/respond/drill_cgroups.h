#ifndef RESPOND_DRILL_CGROUPS_H
#define RESPOND_DRILL_CGROUPS_H

/*
 * drill_cgroups -- the control groups of the drill's container, as a runtime
 * would make them: /firn-drill/ID, on v2 and in v1's freezer.
 *
 * Source: cgroups(7).
 */

#include <sys/types.h>

#include "firn/err.h"
#include "firn/host.h"

struct firn_drill_cgroups {
	char folder[2][256]; /* on the host; "" where there is no hierarchy */
};

FIRN_MUST_CHECK int firn_drill_cgroups_make(struct firn_drill_cgroups *ret,
					    const struct firn_host *host,
					    const char *id,
					    struct firn_err *err);

/* firn_drill_cgroups_add(cgroups, pid, err) -- put a process into each. */
FIRN_MUST_CHECK int firn_drill_cgroups_add(
	const struct firn_drill_cgroups *cgroups, pid_t pid,
	struct firn_err *err);

/* firn_drill_cgroups_thaw(cgroups, err) -- whatever froze them: a frozen task
 * of v1 doesn't die. */
FIRN_MUST_CHECK int firn_drill_cgroups_thaw(
	const struct firn_drill_cgroups *cgroups, struct firn_err *err);

/* firn_drill_cgroups_remove(cgroups, err) -- remove them once they are empty
 * (2 s). */
FIRN_MUST_CHECK int firn_drill_cgroups_remove(
	const struct firn_drill_cgroups *cgroups, struct firn_err *err);

#endif
