#ifndef ASSESS_READERS_H
#define ASSESS_READERS_H

/*
 * readers -- how wide a file or the environment of a process could be read, by
 * the user ids of the container.
 *
 * Source: user_namespaces(7), path_resolution(7), proc_pid_environ(5).
 */

#include <stdint.h>
#include <sys/stat.h>

#include "assess/checklist/checklist.h"
#include "firn/host.h"

#define FIRN_IDS_MAX 340 /* as many as the kernel allows */

/* How ids on the host are called in the container. */
struct firn_ids {
	struct {
		uint32_t inside, outside, count;
	} uids[FIRN_IDS_MAX];
	size_t n; /* 0: as on the host */
};

/* firn_ids_read(host, pid, ret) -- by /proc/PID/uid_map; where that can't be
 * read, as on the host. */
void firn_ids_read(const struct firn_host *host, pid_t pid,
		   struct firn_ids *ret);

/* firn_readers_of_file(ids, st, open, place) -- by its owner and mode; `open`:
 * may any user pass through all the folders above it? */
void firn_readers_of_file(const struct firn_ids *ids, const struct stat *st,
			  bool open, struct firn_secret_place *place);

/* firn_readers_of_process(ids, host, pid, sign, place) -- of its environment:
 * `sign` says what points at it as the intruder's, NULL for nothing. */
void firn_readers_of_process(const struct firn_ids *ids,
			     const struct firn_host *host, pid_t pid,
			     const char *sign, struct firn_secret_place *place);

#endif
