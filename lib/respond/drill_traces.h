#ifndef RESPOND_DRILL_TRACES_H
#define RESPOND_DRILL_TRACES_H

/*
 * drill_traces -- what the intruder left in the drill's container, looked for
 * in the archive as a lab would: by reading it back.
 */

#include <jansson.h>

#include "firn/err.h"
#include "respond/drill_container.h"

/*
 * firn_drill_traces(fd, container, checks, err) -- read an archive, and append
 * to `checks` (borrowed) for each planted trace an object {"name", "what",
 * "passed", "where"}.
 *
 * Fails only when the archive can't be read.
 */
FIRN_MUST_CHECK int firn_drill_traces(
	int fd, const struct firn_drill_container *container, json_t *checks,
	struct firn_err *err);

#endif
