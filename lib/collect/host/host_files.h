#ifndef COLLECT_HOST_HOST_FILES_H
#define COLLECT_HOST_HOST_FILES_H

/*
 * host_files -- the files that decide over the host: who may log in, and what
 * runs at boot, at a time of day, at each login, with every program.
 */

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/host.h"

/*
 * firn_host_files(host, archive, err) -- data/host/files.jsonl.
 *
 * Digests of regular files up to 1 MiB; contents are never kept.  No access
 * time changes.  What lies on a file server is a gap: that it must not be
 * asked.  At most FIRN_HOST_FILES_MAX entries.
 */
#define FIRN_HOST_FILES_MAX 20000
FIRN_MUST_CHECK int firn_host_files(const struct firn_host *host,
				    struct firn_archive *archive,
				    struct firn_err *err);

/* Where such files are: one file, or a folder with all that is below. */
struct firn_host_place {
	const char *kind; /* "cron", "systemd", ... */
	const char *path;
	unsigned depth; /* of folders below it */
};

/* firn_host_places(ret_n) -- the table; those in homes are not in it. */
const struct firn_host_place *firn_host_places(size_t *ret_n);

#endif
