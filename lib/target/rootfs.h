#ifndef TARGET_ROOTFS_H
#define TARGET_ROOTFS_H

/*
 * rootfs -- which folders of the host a container's files are made of.
 *
 * Source: Linux Documentation/filesystems/overlayfs.rst; moby
 * daemon/graphdriver/overlay2 (short links, relative options).
 */

#include "firn/err.h"
#include "firn/host.h"
#include "firn/target.h"

/*
 * rootfs_read(host, pid, bases, n_bases, ret, err) -- from the root mount of a
 * process.
 *
 * Relative options of an overlay (an engine writes those when the list is
 * long) start at the first of `bases` that has them.  A folder that can't be
 * found stays as the kernel has it.
 */
FIRN_MUST_CHECK int rootfs_read(const struct firn_host *host, pid_t pid,
				const char *const *bases, size_t n_bases,
				struct firn_rootfs *ret, struct firn_err *err);

/*
 * rootfs_parse(options, ret, err) -- the folders in the text of an overlay's
 * super options as mountinfo has it, octal escapes and all.
 */
FIRN_MUST_CHECK int rootfs_parse(const char *options, struct firn_rootfs *ret,
				 struct firn_err *err);

void rootfs_free(struct firn_rootfs *rootfs);

#endif
