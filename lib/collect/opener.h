#ifndef COLLECT_OPENER_H
#define COLLECT_OPENER_H

/*
 * opener -- touches the suspect's files where touching could wait.
 *
 * Opening a file or looking up its name may wait for whoever serves it: a FUSE
 * server that is frozen, a listener of fanotify(7), a dead file server.  A
 * child does it, which can be abandoned: it holds nothing of ours, and after a
 * second we go on without it.  One child serves all requests for as long as
 * it answers.
 *
 * Starts as `{ 0 }`; the child is made by the first request.
 */

#include <sys/types.h>

#include "firn/err.h"

struct firn_opener {
	pid_t pid;  /* 0 while there is no child */
	int socket; /* to the child; meaningless while there is none */
	unsigned abandoned;
};

/*
 * firn_opener_reopen(opener, path_fd, err) -- a descriptor to read a regular
 * file that was opened O_PATH; see firn_file_reopen() in host/file.h.
 *
 * A file of a filesystem that waits on a server is EOPNOTSUPP, and one that
 * did not answer in time ETIMEDOUT.  After 16 of those every request is
 * ETIMEDOUT: what has held us up so often is meant to.
 */
FIRN_MUST_CHECK int firn_opener_reopen(struct firn_opener *opener, int path_fd,
				       struct firn_err *err);

/* firn_opener_lookup(opener, root_fd, path, err) -- what a path of several
 * components names below a folder, opened O_PATH; symbolic links are an error
 * (ELOOP), the last one too.  `path` has no "/" in front. */
FIRN_MUST_CHECK int firn_opener_lookup(struct firn_opener *opener, int root_fd,
				       const char *path, struct firn_err *err);

/* firn_opener_follow(opener, root_fd, path, err) -- the same, but links are
 * followed within the root, and never out of it. */
FIRN_MUST_CHECK int firn_opener_follow(struct firn_opener *opener, int root_fd,
				       const char *path, struct firn_err *err);

/* firn_opener_folder(opener, path_fd, err) -- a descriptor to read the names in
 * a folder that was opened O_PATH, without a new time of access. */
FIRN_MUST_CHECK int firn_opener_folder(struct firn_opener *opener, int path_fd,
				       struct firn_err *err);

/*
 * firn_opener_probe(opener, process_fd, err) -- can the memory of a process be
 * asked for?  `process_fd` is its folder in /proc.
 *
 * cmdline, environ, maps and their like take the lock of its address space,
 * which a thread of it may hold while it waits on a file server (mmap(2) of a
 * FUSE file).  ETIMEDOUT if they don't answer in time; what else they say is
 * no matter here.
 */
FIRN_MUST_CHECK int firn_opener_probe(struct firn_opener *opener,
				      int process_fd, struct firn_err *err);

void firn_opener_close(struct firn_opener *opener);

#endif
