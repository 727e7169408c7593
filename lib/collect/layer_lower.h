#ifndef COLLECT_LAYER_LOWER_H
#define COLLECT_LAYER_LOWER_H

/*
 * layer_lower -- what an overlay's lower layers have under a path.
 *
 * Source: Linux Documentation/filesystems/overlayfs.rst, "whiteouts and opaque
 * directories".
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "firn/err.h"
#include "firn/host.h"

struct firn_lowers {
	int *fds; /* O_PATH, topmost first */
	size_t n;
};

/*
 * firn_lowers_open(ret, host, paths, n, err) -- by their paths on the host.
 * Release with firn_lowers_close().
 */
FIRN_MUST_CHECK int firn_lowers_open(struct firn_lowers *ret,
				     const struct firn_host *host,
				     char *const *paths, size_t n,
				     struct firn_err *err);
void firn_lowers_close(struct firn_lowers *lowers);

/*
 * firn_lowers_find(lowers, path, st) -- the topmost entry under a path
 * that no whiteout and no opaque folder hides.  No link is followed.
 *
 * Returns a descriptor (O_PATH) for the caller to close(2), -1 if there is
 * none.
 */
int firn_lowers_find(const struct firn_lowers *lowers, const char *path,
		     struct stat *st);

/* firn_lower_digest(path_fd, ret, err) -- SHA-256 of a regular file. */
FIRN_MUST_CHECK int firn_lower_digest(int path_fd, char ret[FIRN_SHA256_TEXT],
				      struct firn_err *err);

/* firn_is_whiteout(st) -- a character device 0:0. */
bool firn_is_whiteout(const struct stat *st);

/* firn_is_opaque(path_fd) -- does a folder hide what lies below it? */
bool firn_is_opaque(int path_fd);

#endif
