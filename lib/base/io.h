#ifndef BASE_IO_H
#define BASE_IO_H

/*
 * io -- whole reads and whole writes.
 *
 * The `what` of each call is what the message names: a path, or "standard
 * output".  EINTR is handled here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"

/*
 * firn_read_fd(fd, what, max, ret, ret_len, err) -- read to the end of a file.
 *
 * `*ret` is for the caller to free(3) and has a NUL behind its `*ret_len`
 * bytes.  More than `max` bytes is EFBIG.  For files of proc(5) and sysfs,
 * whose size is not known before.
 */
FIRN_MUST_CHECK int firn_read_fd(int fd, const char *what, size_t max,
				 char **ret, size_t *ret_len,
				 struct firn_err *err);

/*
 * firn_read_at(dir_fd, path, max, ret, ret_len, err) -- open and read a whole
 * file of ours or of the kernel's.
 *
 * Not for files that a suspect can replace: see host/file.h for those.
 * `ret_len` may be NULL.
 */
FIRN_MUST_CHECK int firn_read_at(int dir_fd, const char *path, size_t max,
				 char **ret, size_t *ret_len,
				 struct firn_err *err);

/*
 * firn_own_file(dir_fd, name, flags, err) -- open(2) a file of firn's own; made
 * with mode 0600 if `flags` has O_CREAT.
 *
 * Anything but a regular file of ours with that mode and one name is EPERM.
 */
FIRN_MUST_CHECK int firn_own_file(int dir_fd, const char *name, int flags,
				  struct firn_err *err);

/*
 * firn_read_some(fd, what, data, size, err) -- read until `size` bytes or the
 * end of the file.  Returns how many, or -1.
 */
FIRN_MUST_CHECK ssize_t firn_read_some(int fd, const char *what, void *data,
				       size_t size, struct firn_err *err);

/* firn_write_all(fd, what, data, len, err) -- write all, or say why not. */
FIRN_MUST_CHECK int firn_write_all(int fd, const char *what, const void *data,
				   size_t len, struct firn_err *err);

/*
 * firn_write_at(dir_fd, path, text, err) -- write a control file of cgroupfs
 * or procfs in one write(2); opened O_WRONLY, never created or truncated.
 */
FIRN_MUST_CHECK int firn_write_at(int dir_fd, const char *path,
				  const char *text, struct firn_err *err);

/*
 * firn_finish(fd, what, err) -- sync and close a file that was written.
 *
 * `*fd` is -1 afterwards, also on failure.  A failed fsync(2) is final: the
 * kernel drops the pages, and a second one would say that all is well.
 * Descriptors that can't be synced (pipes) are only closed.
 */
FIRN_MUST_CHECK int firn_finish(int *fd, const char *what,
				struct firn_err *err);

/* firn_is_decimal(text, ret) -- is it all decimal digits, within uint64_t? */
bool firn_is_decimal(const char *text, uint64_t *ret);

#endif
