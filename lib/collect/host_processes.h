#ifndef COLLECT_HOST_PROCESSES_H
#define COLLECT_HOST_PROCESSES_H

/*
 * host_processes -- every process of the node, in a few words: who started
 * what, and who shares what with the target.
 */

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/host.h"

/* firn_host_processes(host, archive, err) -- data/host/processes.jsonl. */
FIRN_MUST_CHECK int firn_host_processes(const struct firn_host *host,
					struct firn_archive *archive,
					struct firn_err *err);

#endif
