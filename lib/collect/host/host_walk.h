#ifndef COLLECT_HOST_HOST_WALK_H
#define COLLECT_HOST_HOST_WALK_H

/*
 * host_walk -- opens files of the host by path without asking a file server,
 * waking an automounter or renewing an access time.
 *
 * A home may lie on NFS, and the suspect may hold a FUSE server: each folder's
 * mount is known before a name in it is looked up.
 *
 * Source: statx(2) STATX_MNT_ID, proc_pid_mountinfo(5).
 */

#include <stdbool.h>
#include <sys/stat.h>

#include "firn/err.h"
#include "firn/host.h"
#include "host/mountinfo.h"

struct firn_walk {
	const struct firn_host *host;
	struct firn_mounts mounts;
	int quiet_fd; /* the host's root, as firn_quiet() has it; or -1 */
};

/* firn_walk_begin(walk, host, err) -- release with firn_walk_end(), also on
 * failure. */
FIRN_MUST_CHECK int firn_walk_begin(struct firn_walk *walk,
				    const struct firn_host *host,
				    struct firn_err *err);
void firn_walk_end(struct firn_walk *walk);

/*
 * firn_walk_open(walk, path, err) -- a folder, O_PATH; links are followed
 * within the host's root.
 *
 * ENOENT, ENOTDIR; EREMOTE for what lies on a file server, or behind an
 * automounter that has not been woken.
 */
FIRN_MUST_CHECK int firn_walk_open(const struct firn_walk *walk,
				   const char *path, struct firn_err *err);

/* firn_walk_stat(dir_fd, name, ret) -- of one entry, not followed; `name` ""
 * is the descriptor's own. */
FIRN_MUST_CHECK int firn_walk_stat(int dir_fd, const char *name,
				   struct statx *ret);

/* firn_walk_waits(walk, st) -- is it on a file server? */
bool firn_walk_waits(const struct firn_walk *walk, const struct statx *st);

/* firn_walk_link(walk, dir_fd, folder, name, ret, size, err) -- what a symbolic
 * link in a folder says; `folder` is the folder's path.  Its access time
 * stays. */
FIRN_MUST_CHECK int firn_walk_link(const struct firn_walk *walk, int dir_fd,
				   const char *folder, const char *name,
				   char *ret, size_t size,
				   struct firn_err *err);

#endif
