#ifndef HOST_LIBEXEC_H
#define HOST_LIBEXEC_H

/*
 * libexec -- the programs that firn starts, and nobody else: firn-courier,
 * firn-receiver.
 *
 * They are programs of their own for what they link: libraries that talk to the
 * network have no business in a process with privileges.
 */

#include "firn/err.h"

/*
 * firn_libexec(name, ret, err) -- where such a program is.
 *
 * Beside the program that is running, as in a build's folder, or where they are
 * installed.  `*ret` is its path, for the caller to free(3).  ENOENT if it is
 * in neither.
 */
FIRN_MUST_CHECK int firn_libexec(const char *name, char **ret,
				 struct firn_err *err);

#endif
