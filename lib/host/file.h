#ifndef HOST_FILE_H
#define HOST_FILE_H

/*
 * file -- opening what a suspect may have put there.
 *
 * Nothing here waits on the suspect, follows its links, wakes its FIFOs, opens
 * its devices or changes a time stamp.
 */

#include <stdbool.h>
#include <sys/stat.h>

#include "firn/err.h"

/*
 * firn_file_open(dir_fd, name, st, err) -- open a regular file for reading.
 *
 * First O_PATH and fstat(2), then, only if it is a regular file, through
 * /proc/self/fd for reading with O_NOATIME|O_NONBLOCK|O_NOCTTY (without
 * O_NOATIME where we may not), then fstat(2) again: another file by then is
 * ESTALE.  `name` is one component and is not followed if it is a symbolic
 * link (ELOOP); anything but a regular file is EINVAL, and `*st` says what it
 * is.
 *
 * Returns a descriptor for the caller to close(2), or -1.
 */
FIRN_MUST_CHECK int firn_file_open(int dir_fd, const char *name,
				   struct stat *st, struct firn_err *err);

/* firn_file_reopen(path_fd, st, err) -- the same for a descriptor that was
 * opened O_PATH. */
FIRN_MUST_CHECK int firn_file_reopen(int path_fd, struct stat *st,
				     struct firn_err *err);

/* firn_file_type(mode) -- "file", "folder", "symlink", ...: in words, as
 * S_IFMT of inode(7) has it. */
const char *firn_file_type(unsigned mode);

/*
 * firn_file_waits(fd) -- could reading it wait on a server, as its filesystem
 * is (fuse, nfs, ...)?  fstatfs(2) asks that server: to be called where waiting
 * is allowed.  firn_mount_waits() has the same by name.
 */
bool firn_file_waits(int fd);

/*
 * firn_file_beneath(dir_fd, path, flags, err) -- open a path of several
 * components that stays beneath `dir_fd`: openat2(2) with RESOLVE_BENEATH |
 * RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV.
 */
FIRN_MUST_CHECK int firn_file_beneath(int dir_fd, const char *path, int flags,
				      struct firn_err *err);

/* firn_file_in_root(root_fd, path, flags, err) -- the same, but links are
 * followed within the root (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). */
FIRN_MUST_CHECK int firn_file_in_root(int root_fd, const char *path, int flags,
				      struct firn_err *err);

#endif
