#ifndef COLLECT_HOST_HOST_BINARY_H
#define COLLECT_HOST_HOST_BINARY_H

/*
 * host_binary -- one program of a container runtime: is it what its package
 * brought?
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <jansson.h>

#include "collect/host/host_runtimes.h"
#include "firn/host.h"

/* So much is digested of what has not changed since the target began: some
 * 25 ms with both digests. */
#define FIRN_BINARY_QUICK ((uint64_t)12 << 20)

struct firn_binary {
	json_t *paths; /* array of text, the first one found first */
	struct stat st;
	size_t place; /* in the order of what an intruder would change */
	bool changed; /* since the target began */
};

/* firn_binary_path(binary, path) -- one more path of the same file. */
void firn_binary_path(struct firn_binary *binary, const char *path);

/*
 * firn_binary_json(binary, host, packages, quick_bytes) -- a new object: path,
 * other_paths, size, mtime, ctime, package, package_md5, matches, sha256, md5;
 * or "unhashed", why there are no digests.
 *
 * `*quick_bytes` is what may still be read of unchanged ones.
 */
json_t *firn_binary_json(const struct firn_binary *binary,
			 const struct firn_host *host,
			 const struct firn_packages *packages,
			 uint64_t *quick_bytes);

#endif
