#ifndef FIRN_DRILL_H
#define FIRN_DRILL_H

/*
 * drill -- a rehearsal of the main job, on a container of firn's own making.
 */

#include <jansson.h>

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/secrets.h"
#include "firn/sign.h"

/* Everything is borrowed. */
struct firn_drill {
	const char *folder; /* where the archive goes */
	const struct firn_key *key;
	const struct firn_secret_rules *rules;
	const char *operator_name; /* may be NULL */

	firn_progress_fn *progress; /* may be NULL */
	void *progress_arg;
};

/*
 * firn_drill(how, ret, err) -- make the container, plant an intruder's traces
 * in it, cut, freeze, capture and release it, and see whether each trace was
 * found; then take everything away but the archive.
 *
 * `*ret` is a new object:
 *   "passed"   was every trace found, and did every step do what it should?
 *   "archive"  path
 *   "checks"   array of {"name", "what", "passed": bool, "where": text}
 *   "times"    as in firn_capture()
 *   "capture"  the result of firn_capture()
 *
 * Fails when the drill could not be held: no root, no cgroups, no overlay.
 */
FIRN_MUST_CHECK int firn_drill(const struct firn_drill *how, json_t **ret,
			       struct firn_err *err);

#endif
