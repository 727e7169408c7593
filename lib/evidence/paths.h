#ifndef EVIDENCE_PATHS_H
#define EVIDENCE_PATHS_H

/*
 * paths -- which members there are already, as 16 bytes of the digest of each
 * path.
 *
 * At most FIRN_MEMBERS_MAX paths and as many folders above them.
 */

#include <stddef.h>

#include "firn/err.h"

struct firn_paths {
	unsigned char (*keys)[16];
	size_t size; /* a power of two */
	size_t n;
};

void firn_paths_free(struct firn_paths *paths);

/*
 * firn_paths_add(paths, path, err) -- a path that is new; else EEXIST.
 *
 * A member below another, or one where there's a folder, is EEXIST too: no
 * unpacked folder could hold them.  Too many are E2BIG.
 */
FIRN_MUST_CHECK int firn_paths_add(struct firn_paths *paths, const char *path,
				   struct firn_err *err);

/* firn_paths_has(paths, path, err) -- 1 if it's a member, 0, or -1. */
FIRN_MUST_CHECK int firn_paths_has(const struct firn_paths *paths,
				   const char *path, struct firn_err *err);

#endif
