#ifndef COLLECT_HOST_HOST_OPEN_FILES_H
#define COLLECT_HOST_HOST_OPEN_FILES_H

/*
 * host_open_files -- one look at every descriptor of the node: who holds which
 * socket, and who could write to the runtimes' binaries.
 *
 * Source: proc_pid_fd(5), proc_pid_fdinfo(5).
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "collect/host/host_processes.h"
#include "firn/err.h"
#include "firn/host.h"
#include "host/holders.h"

/* A file that is open for writing. */
struct firn_writer {
	pid_t pid;
	dev_t device;
	ino_t inode;
};

/* Starts as `{ 0 }`. */
struct firn_open_files {
	struct firn_holders sockets;
	struct firn_writer *writers;
	size_t n_writers;
	bool cut; /* there are more than were taken */
};

/*
 * firn_open_files(host, view, is_wanted, ret, err) -- of all processes.
 *
 * `is_wanted` says of a file's last name whether its writers matter.  Threads
 * with a table of descriptors of their own are not looked at: only the
 * target's processes are that suspect.  `*ret` is for the caller to
 * firn_open_files_free(), also on failure.
 */
FIRN_MUST_CHECK int firn_open_files(const struct firn_host *host,
				    const struct firn_host_view *view,
				    bool (*is_wanted)(const char *name),
				    struct firn_open_files *ret,
				    struct firn_err *err);
void firn_open_files_free(struct firn_open_files *files);

#endif
