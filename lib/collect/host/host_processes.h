#ifndef COLLECT_HOST_HOST_PROCESSES_H
#define COLLECT_HOST_HOST_PROCESSES_H

/*
 * host_processes -- every process of the node, in a few words: who started
 * what, who shares what with the target, and who runs what came from it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/target.h"

/* What other members need to know of one. */
struct firn_host_process {
	pid_t pid;
	char comm[64]; /* raw bytes: the suspect may have chosen them */
	size_t comm_len;
	bool kernel;    /* a kernel thread */
	bool contained; /* its cgroup names a container */
	bool deleted;   /* its executable is */
	char *exe;      /* path, NULL if unknown */
	dev_t device;   /* of the executable; 0 if unknown */
	ino_t inode;
};

/* Starts as `{ 0 }`; sorted by pid. */
struct firn_host_view {
	struct firn_host_process *items;
	size_t n;
};

/* firn_host_processes(target, archive, ret, err) --
 * data/host/processes.jsonl; `*ret` is for the caller to
 * firn_host_view_free(), also on failure. */
FIRN_MUST_CHECK int firn_host_processes(const struct firn_target *target,
					struct firn_archive *archive,
					struct firn_host_view *ret,
					struct firn_err *err);
void firn_host_view_free(struct firn_host_view *view);

/* firn_host_process(view, pid) -- NULL if it isn't in it. */
const struct firn_host_process *firn_host_process(
	const struct firn_host_view *view, pid_t pid);

#endif
