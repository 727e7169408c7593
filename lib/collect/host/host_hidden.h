#ifndef COLLECT_HOST_HOST_HIDDEN_H
#define COLLECT_HOST_HOST_HIDDEN_H

/*
 * host_hidden -- processes that one view of the node has and another hasn't.
 *
 * Who hides a process hooks the list that ps(1) reads, in the kernel or, by
 * ld.so.preload, in firn itself; or mounts something over its folder.  There
 * are other lists.
 */

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/host.h"

/*
 * firn_host_hidden(host, archive, err) -- data/host/hidden.jsonl.
 *
 * Views: "readdir" of /proc; "cgroups", cgroup.procs of a whole hierarchy;
 * "pids", getpgid(2) of each number up to 65536, or of the first and the last
 * 32768 where pids go further; "mounts" over /proc/PID.  What differs is
 * looked at three times.  Of a record only the mounts are looked at.
 */
FIRN_MUST_CHECK int firn_host_hidden(const struct firn_host *host,
				     struct firn_archive *archive,
				     struct firn_err *err);

/* Where a process was seen. */
enum firn_seen_by {
	FIRN_SEEN_READDIR = 1 << 0,
	FIRN_SEEN_CGROUPS = 1 << 1,
	FIRN_SEEN_PIDS = 1 << 2,
};

/* A set of processes; starts as `{ 0 }`. */
struct firn_hidden {
	struct firn_hidden_pid {
		pid_t pid;
		unsigned seen_by, missing_in;
	} * items; /* sorted by pid */
	size_t n;
};

/* firn_hidden_find(host, ret, err) -- those of which the three views differ,
 * each time.  `ret->items` is for the caller to free(3), also on failure. */
FIRN_MUST_CHECK int firn_hidden_find(const struct firn_host *host,
				     struct firn_hidden *ret,
				     struct firn_err *err);

#endif
