#ifndef COLLECT_HOST_HOST_ENTRY_H
#define COLLECT_HOST_HOST_ENTRY_H

/*
 * host_entry -- one file of the host, described without its contents.
 */

#include <stdint.h>
#include <sys/stat.h>

#include <jansson.h>

#include "collect/host/host_walk.h"
#include "firn/err.h"

#define FIRN_ENTRY_DIGEST ((uint64_t)1 << 20) /* bytes of one file */
#define FIRN_ENTRY_BYTES ((uint64_t)64 << 20) /* of all of them */

struct firn_entry_limits {
	uint64_t bytes_left; /* that may be digested */
};

struct firn_entry {
	const struct firn_walk *walk;
	int dir_fd; /* the folder that it is in, O_PATH */
	const char *name;
	const char *kind;
	const char *path; /* on the host */
};

/*
 * firn_entry_json(entry, st, limits, ret_why) -- a new object: path, kind,
 * type, mode, uid, gid, size, modified, changed, born, sha256 of a regular
 * file of at most FIRN_ENTRY_DIGEST, target of a symbolic link.
 *
 * What of it could not be had is `*ret_why`, whose code is 0 otherwise.
 */
json_t *firn_entry_json(const struct firn_entry *entry, const struct statx *st,
			struct firn_entry_limits *limits,
			struct firn_err *ret_why);

#endif
