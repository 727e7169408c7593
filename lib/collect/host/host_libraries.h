#ifndef COLLECT_HOST_HOST_LIBRARIES_H
#define COLLECT_HOST_HOST_LIBRARIES_H

/*
 * host_libraries -- processes of the host that have mapped a file of the
 * target's: a library of its layer in a process outside it.
 *
 * Source: proc_pid_maps(5).
 */

#include <jansson.h>

#include "collect/host/host_processes.h"
#include "collect/opener.h"
#include "firn/archive.h"
#include "firn/target.h"

/* Starts as `{ 0 }`. */
struct firn_libraries {
	const struct firn_target *target;
	struct firn_archive *archive;
	struct firn_opener opener;
	char device[32]; /* as maps has it; "" where it can't tell */
	uint64_t bytes_left;
};

/* Only an overlay has a device that nothing else is on.  Before Linux 6.8 maps
 * has that of the layer below it, and nothing is found. */
void firn_libraries_begin(struct firn_libraries *libraries,
			  const struct firn_target *target,
			  struct firn_archive *archive);

/*
 * firn_libraries_add(libraries, process, line) -- sets "lib_devices" and
 * "lib_paths" of a process that is not the target's and in no container.
 *
 * The lock of its memory is asked for first, which a file server could hold.
 * At most 64 MiB are read in all; then a gap says so.
 */
void firn_libraries_add(struct firn_libraries *libraries,
			const struct firn_host_process *process, json_t *line);

void firn_libraries_end(struct firn_libraries *libraries);

#endif
