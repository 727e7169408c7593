#ifndef ASSESS_ROOT_H
#define ASSESS_ROOT_H

/*
 * root -- secrets in the files of a container's own root.
 */

#include "assess/places/looking.h"

/* firn_look_at_changed(looking, err) -- everything that the container has
 * written, as its layer has it. */
FIRN_MUST_CHECK int firn_look_at_changed(const struct firn_looking *looking,
					 struct firn_err *err);

/* firn_look_at_known(looking, err) -- the paths that rules name, in the root
 * and in each home. */
FIRN_MUST_CHECK int firn_look_at_known(const struct firn_looking *looking,
				       struct firn_err *err);

/* firn_look_at_names(looking, err) -- well-known names, wherever they are. */
FIRN_MUST_CHECK int firn_look_at_names(const struct firn_looking *looking,
				       struct firn_err *err);

#endif
