#ifndef HOST_ROOT_ONLY_H
#define HOST_ROOT_ONLY_H

/*
 * root_only -- files that nobody but root can have changed.
 */

#include "firn/err.h"

/*
 * firn_root_only(path, ret, err) -- is it such a file?
 *
 * A regular file, it and every folder and link on the way to it root's and not
 * to be written by group or others; a sticky folder is one that others can
 * write.  `*ret` is its path without links, for the caller to free(3): between
 * this and its use, only root can put another file there.  EPERM names what
 * others can change; a path that isn't absolute is EINVAL.
 */
FIRN_MUST_CHECK int firn_root_only(const char *path, char **ret,
				   struct firn_err *err);

#endif
