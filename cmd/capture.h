#ifndef CMD_CAPTURE_H
#define CMD_CAPTURE_H

/*
 * capture -- what was asked of it, and what it would do.
 */

#include "cmd.h"
#include "isolation.h"

/* On the command line. */
struct firn_asked {
	const char *output, *key, *max_freeze;
	struct firn_strings only, volumes, rules;
	struct firn_asked_isolation isolation;
	bool no_freeze, keep_frozen, hold, no_hold_tasks, no_refreeze;
	bool leave_escaped, isolate, list;
	unsigned timeout_ms, max_freeze_s;
};

/* firn_capture_path(output, case_id, ret, err) -- where the archive goes; NULL
 * for stdout.  For the caller to free(3). */
FIRN_MUST_CHECK int firn_capture_path(const char *output, const char *case_id,
				      char **ret, struct firn_err *err);

/* firn_capture_roles(asked) -- what it takes, of enum firn_role: to leave it
 * frozen or cut off takes as much as to do only that. */
unsigned firn_capture_roles(const struct firn_asked *asked);

/* firn_capture_plan(self, common, asked, isolation, scene) -- say what would be
 * done. */
enum firn_exit firn_capture_plan(const struct firn_cmd *self,
				 const struct firn_common *common,
				 const struct firn_asked *asked,
				 const struct firn_isolation *isolation,
				 struct firn_scene *scene);

#endif
