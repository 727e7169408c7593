#ifndef HOST_QUIET_H
#define HOST_QUIET_H

/*
 * quiet -- a folder seen through a mount of our own, on which nothing we do
 * leaves a trace.
 *
 * O_NOATIME spares files and folders, but readlink(2) renews the access time
 * of a symbolic link however it is asked; only a mount can forbid that.
 */

#include "firn/err.h"

/*
 * firn_quiet(dir_fd, err) -- the same folder on a private copy of its mount:
 * read-only, no access times, no devices, no execution.
 *
 * The copy is in no mount namespace, and goes with its descriptor, which is
 * for the caller to close(2).  What is mounted below the folder is not in it.
 *
 * EINVAL for a folder of another mount namespace, ENOSYS before Linux 5.12,
 * EPERM without CAP_SYS_ADMIN.
 *
 * Source: open_tree(2), mount_setattr(2).
 */
FIRN_MUST_CHECK int firn_quiet(int dir_fd, struct firn_err *err);

#endif
