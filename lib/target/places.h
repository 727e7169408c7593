#ifndef TARGET_PLACES_H
#define TARGET_PLACES_H

/*
 * places -- where the runtimes of this node keep their state.
 *
 * The usual folders, and those that running processes point to: a container's
 * overlay lies in its engine's data root, a shim stands in its bundle, conmon
 * and the daemons have theirs among their arguments.
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/host.h"
#include "target/kernel.h"
#include "target/names.h"

#define PLACES_MAX 64

struct place_set {
	char *items[PLACES_MAX];
	size_t n;
};

struct places {
	struct place_set docker;     /* data roots: /var/lib/docker */
	struct place_set containerd; /* roots: /var/lib/containerd */
	struct place_set tasks;      /* .../io.containerd.runtime.v2.task */
	struct place_set storage;    /* of podman and CRI-O:
				      * /var/lib/containers/storage */
	struct place_set runroots;   /* /run/containers/storage */
	struct place_set runc;       /* hold ID/state.json: /run/runc */
	struct place_set crun;       /* hold ID/status: /run/crun */
};

/*
 * places_find(host, kernel, query, ret) -- what can't be read is left out.
 *
 * The mounts of every container take a tenth of a millisecond each: of a query
 * for an id that the kernel knows, only those of its own are read.  NULL wants
 * all.
 */
void places_find(const struct firn_host *host, const struct kernel *kernel,
		 const struct query *query, struct places *ret);
void places_free(struct places *places);

/* place_add(set, path) -- once each; one that is no absolute path without ".."
 * is not taken. */
void place_add(struct place_set *set, const char *path);

/* places_is_daemon(process, name) -- is it called so (or NAME-something), and
 * outside every container? */
bool places_is_daemon(const struct kernel_process *process, const char *name);

#endif
