#ifndef CONTAIN_FREEZE_FREEZE_RECORD_H
#define CONTAIN_FREEZE_FREEZE_RECORD_H

/*
 * freeze_record -- what the ledger says of a freeze.
 *
 * The details of a change "freeze" have, for each hierarchy that is written,
 * "v2" or "v1": an object with "path", "folder", "inode", "file", "write" (the
 * text), and "before": "own" (was it asked to freeze?), "frozen", "ancestors".
 */

#include <stdbool.h>

#include <jansson.h>

#include "contain/freeze/freezer.h"

/* firn_freeze_details(target, writes, before) -- the details of a change that
 * writes those hierarchies; a new object, NULL when there is no memory. */
json_t *firn_freeze_details(const struct firn_target *target,
			    const bool writes[FIRN_N_HIERARCHIES],
			    const struct firn_freezer_state *before);

/*
 * firn_freeze_is_ours(open, cgroup, hierarchy, ret_own_before) -- did firn
 * freeze this very cgroup, by the open changes?
 *
 * `*ret_own_before` (may be NULL): had it been asked to freeze before the
 * first of them?
 */
bool firn_freeze_is_ours(const json_t *open, const struct firn_cgroup *cgroup,
			 enum firn_hierarchy hierarchy, bool *ret_own_before);

#endif
