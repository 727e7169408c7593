#ifndef BASE_LOCK_H
#define BASE_LOCK_H

/*
 * lock -- a record lock that is waited for, but not for ever.
 */

#include <fcntl.h>
#include <stdint.h>

#include "firn/err.h"

/*
 * firn_lock_wait(fd, command, range, timeout_ns, what, err) -- take it.
 *
 * `command` is F_SETLK (the process's) or F_OFD_SETLK (the open file's):
 * neither waits by itself.  Held by another until the time is over is EBUSY;
 * with 0 it is tried once.  `what` is what messages name.
 *
 * Source: fcntl_locking(2).
 */
FIRN_MUST_CHECK int firn_lock_wait(int fd, int command,
				   const struct flock *range,
				   uint64_t timeout_ns, const char *what,
				   struct firn_err *err);

#endif
