#ifndef COLLECT_HOST_HOST_LISTENERS_H
#define COLLECT_HOST_HOST_LISTENERS_H

/*
 * host_listeners -- who waits for connections in the host's network namespace:
 * an Engine API without TLS, the kubelet's read-only port, a back door.
 *
 * Read from proc(5): to ask by sock_diag(7) could make the kernel load a
 * module, and to know that it doesn't takes 50 ms.
 *
 * Source: proc_pid_net(5).
 */

#include "collect/host/host_open_files.h"
#include "collect/host/host_processes.h"
#include "firn/archive.h"
#include "firn/err.h"
#include "firn/host.h"

/*
 * firn_host_listeners(host, view, files, archive, err) --
 * data/host/listeners.jsonl.
 *
 * A name of a unix socket may hold a newline and forge a line here; the second
 * one of an inode is "doubtful".
 */
FIRN_MUST_CHECK int firn_host_listeners(const struct firn_host *host,
					const struct firn_host_view *view,
					struct firn_open_files *files,
					struct firn_archive *archive,
					struct firn_err *err);

#endif
