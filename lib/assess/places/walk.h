#ifndef ASSESS_WALK_H
#define ASSESS_WALK_H

/*
 * walk -- through the names of a folder and all below it, on its own
 * filesystem only.
 */

#include "assess/places/looking.h"

/* firn_walk_all(looking, err) -- look into every file below the root. */
FIRN_MUST_CHECK int firn_walk_all(const struct firn_looking *looking,
				  struct firn_err *err);

/*
 * firn_walk_names(looking, folder_fd, top, err) -- look into those files whose
 * names are known.
 *
 * Names are read below `folder_fd` (O_PATH): the root itself, a layer of it or
 * what is mounted at `top` in it ("" for the root).  The files are looked at by
 * their paths in the root, so that what is hidden there is not.
 */
FIRN_MUST_CHECK int firn_walk_names(const struct firn_looking *looking,
				    int folder_fd, const char *top,
				    struct firn_err *err);

#endif
