#ifndef FIRN_HOST_H
#define FIRN_HOST_H

/*
 * host -- the machine that is looked at: this one, or a recorded one.
 *
 * Everything firn knows comes through these descriptors, so that the same code
 * reads a live node, a node whose root is mounted elsewhere (`--root`, for
 * firn in a container), and a small tree recorded for a test.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/secret.h"
#include "firn/err.h"

struct firn_host {
	int root_fd; /* the root of its filesystem, O_PATH */
	int proc_fd; /* its proc(5) */
};

/*
 * firn_host_open(host, root, err) -- `root` is "/" for this machine.
 *
 * proc(5) is taken from ROOT/proc.  Release with firn_host_close().
 */
FIRN_MUST_CHECK int firn_host_open(struct firn_host *host, const char *root,
				   struct firn_err *err);
void firn_host_close(struct firn_host *host);

/*
 * firn_host_file(host, path, flags, err) -- open a file of the host by its
 * absolute path, as seen from the host's root.
 *
 * `flags` as in open(2), O_CLOEXEC and O_NOCTTY added.  Symbolic links are
 * followed within the root (openat2(2), RESOLVE_IN_ROOT, no magic links).
 * Returns a descriptor for the caller to close(2), or -1.
 */
FIRN_MUST_CHECK int firn_host_file(const struct firn_host *host,
				   const char *path, int flags,
				   struct firn_err *err);

/* firn_host_read(host, path, max, ret, ret_len, err) -- a whole regular file
 * of the host; as firn_read_at() in base/io.h. */
FIRN_MUST_CHECK int firn_host_read(const struct firn_host *host,
				   const char *path, size_t max, char **ret,
				   size_t *ret_len, struct firn_err *err);

/* firn_host_read_secret(host, path, max, secret, err) -- the same, where values
 * of secrets may stand in it. */
FIRN_MUST_CHECK int firn_host_read_secret(const struct firn_host *host,
					  const char *path, size_t max,
					  struct firn_secret *secret,
					  struct firn_err *err);

#endif
