#ifndef ASSESS_FILES_H
#define ASSESS_FILES_H

/*
 * files -- secrets in files that a container sees: mounted ones, and those of
 * well-known names.
 */

#include "assess/checklist/checklist.h"
#include "firn/target.h"

/*
 * firn_secret_files(list, target, err) -- look through them, below the root of
 * the container's process 1.
 *
 * No link is followed, no time stamp changed; what can't be had in time is a
 * gap of the checklist.
 */
FIRN_MUST_CHECK int firn_secret_files(struct firn_checklist *list,
				      const struct firn_target *target,
				      struct firn_err *err);

#endif
