#ifndef COLLECT_HOST_HOST_CONTAINERS_H
#define COLLECT_HOST_HOST_CONTAINERS_H

/*
 * host_containers -- every container of the node, and how each could reach it:
 * one that an intruder started through a mounted socket is among them.
 */

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/host.h"

/* firn_host_containers(host, archive, err) -- data/host/containers.jsonl. */
FIRN_MUST_CHECK int firn_host_containers(const struct firn_host *host,
					 struct firn_archive *archive,
					 struct firn_err *err);

#endif
