#ifndef FIRN_ROTATION_H
#define FIRN_ROTATION_H

/*
 * rotation -- the checklist as it is worked through: what the case keeps of
 * it, and what was ticked off, when and by whom.
 *
 * ID.secrets.json in the folder of cases holds every secret that was found in
 * the case, in whichever container: no value, as in any checklist.  What was
 * ticked off stands in the custody record.  `cases_fd` is that folder, by
 * firn_case_folder().
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/case.h"
#include "firn/err.h"

/*
 * firn_rotation_mark(cases_fd, checklist, err) -- write into a new checklist
 * what the case knows of its items: "found" (when first) and "done" {"by",
 * "at", "note"}; and order it again.
 */
FIRN_MUST_CHECK int firn_rotation_mark(int cases_fd, json_t *checklist,
				       struct firn_err *err);

/*
 * firn_rotation_keep(cases_fd, checklist, err) -- keep it, and what was kept
 * before of other containers.
 *
 * The file is replaced whole, and synced; another firn that does the same is
 * waited for.
 */
FIRN_MUST_CHECK int firn_rotation_keep(int cases_fd, const json_t *checklist,
				       struct firn_err *err);

/* firn_rotation_kept(cases_fd, case_id, ret, err) -- what is kept: a new
 * object, or ESRCH with what to do. */
FIRN_MUST_CHECK int firn_rotation_kept(int cases_fd, const char *case_id,
				       json_t **ret, struct firn_err *err);

/*
 * firn_rotation_find(checklist, name, ret, err) -- the item that is called so:
 * "S-3f2a09c1", or what its fingerprint alone begins with.
 *
 * None is ESRCH, several are EEXIST with their names.  Borrowed.
 */
FIRN_MUST_CHECK int firn_rotation_find(const json_t *checklist,
				       const char *name, json_t **ret,
				       struct firn_err *err);

/* What is done to an item. */
struct firn_tick {
	const char *item; /* as firn_rotation_find() takes it */
	const char *by;   /* who is said to have done it */
	const char *note; /* NULL for none */
	bool undo;
};

/*
 * firn_rotation_tick(cases_fd, case_id, tick, ret, err) -- tick an item off, or
 * open it again: a line in the custody record.
 *
 * One that is so already is EEXIST.  `*ret` is a new object: "case", "item",
 * "title", "done", "by", "open" (how many are left).
 */
FIRN_MUST_CHECK int firn_rotation_tick(int cases_fd, const char *case_id,
				       const struct firn_tick *tick,
				       json_t **ret, struct firn_err *err);

/*
 * firn_rotation_status(cases_fd, case_id, ret, err) -- how far it is.
 *
 * `*ret` is a new object: "case"; "open" and "done", arrays of items in order:
 * "item", "title", "priority", "rank", "first", "owner", "due", "overdue"; of
 * those that are done "by", "at", "note"; "overdue" (how many); "custody"
 * {"lines", "intact", "head", "failures", "torn"}.
 */
FIRN_MUST_CHECK int firn_rotation_status(int cases_fd, const char *case_id,
					 json_t **ret, struct firn_err *err);

#endif
