#ifndef COLLECT_HOST_HOST_BPF_H
#define COLLECT_HOST_HOST_BPF_H

/*
 * host_bpf -- every program of BPF on the node: who is out of a container can
 * watch and change everything with one, and nothing else shows it.
 */

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/host.h"

/* firn_host_bpf(host, archive, err) -- data/host/bpf.jsonl.  firn's own are
 * known by their pins, not by their names, which anybody can give. */
FIRN_MUST_CHECK int firn_host_bpf(const struct firn_host *host,
				  struct firn_archive *archive,
				  struct firn_err *err);

#endif
