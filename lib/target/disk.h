#ifndef TARGET_DISK_H
#define TARGET_DISK_H

/*
 * disk -- reading the runtimes' state: bounded, within the host's root, and
 * never trusted further than the kernel agrees.
 *
 * Paths are absolute, as seen from the host's root.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"

/* The longest path that we make.  One that doesn't fit comes out as "", which
 * no function here opens. */
#define DISK_PATH 4096

struct disk_path {
	char text[DISK_PATH];
};

struct disk_path disk_path(const char *fmt, ...) FIRN_PRINTF(1, 2);

/* disk_json(host, path, ret, err) -- a file that holds one JSON object of at
 * most 16 MiB.  ENOENT when there is none. */
FIRN_MUST_CHECK int disk_json(const struct firn_host *host, const char *path,
			      json_t **ret, struct firn_err *err);

/* disk_line(host, path, ret, size) -- the first line of a small file; false if
 * there is none, or it is too long or holds control characters. */
FIRN_MUST_CHECK bool disk_line(const struct firn_host *host, const char *path,
			       char *ret, size_t size);

/* disk_link(host, path, ret, size) -- what a symbolic link says. */
FIRN_MUST_CHECK bool disk_link(const struct firn_host *host, const char *path,
			       char *ret, size_t size);

bool disk_is_folder(const struct firn_host *host, const char *path);
bool disk_is_file(const struct firn_host *host, const char *path);

/*
 * disk_names(host, path) -- what is in a folder, sorted.
 *
 * An array of at most 65,536 names that names_is_id() accepts, ended by NULL,
 * in one piece of memory for the caller to free(3).  NULL when it can't be
 * read.
 */
char **disk_names(const struct firn_host *host, const char *path);

#endif
