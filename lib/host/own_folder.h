#ifndef HOST_OWN_FOLDER_H
#define HOST_OWN_FOLDER_H

/*
 * own_folder -- a folder of firn's in a place where others have theirs.
 */

#include "firn/err.h"

/*
 * firn_own_folder(dir_fd, name, err) -- open it; made if it isn't there, 0700.
 *
 * One that is another's, or that others can write, is EPERM.  Returns a
 * descriptor for the caller to close(2).
 */
FIRN_MUST_CHECK int firn_own_folder(int dir_fd, const char *name,
				    struct firn_err *err);

/* firn_own_folder_open() -- the same for one that is there; else ENOENT. */
FIRN_MUST_CHECK int firn_own_folder_open(int dir_fd, const char *name,
					 struct firn_err *err);

#endif
