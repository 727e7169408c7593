#ifndef FIRN_COLLECT_H
#define FIRN_COLLECT_H

/*
 * collect -- read what can be known about a container, most fleeting first.
 *
 * A collector reads one kind of artefact and writes members into the archive.
 * It never prints, never writes elsewhere, and never changes the target.  What
 * it can't read it records as a gap; it fails only when the archive can't be
 * written.
 *
 * Adding one: a file in lib/collect/, one line in collectors.h, one in the
 * table of collect.c, one test.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/target.h"

/* How soon a fact is lost; the order is that of RFC 3227, section 2.1. */
enum firn_volatility {
	FIRN_LOST_IN_SECONDS,     /* connections, neighbour tables */
	FIRN_LOST_WITH_PROCESS,   /* process table, descriptors, memory */
	FIRN_LOST_WITH_CONTAINER, /* tmpfs, mounts, writable layer */
	FIRN_LOST_WITH_HOST,      /* runtime state under /run */
	FIRN_LASTING,             /* image layers, configuration on disk */
};

/*
 * Leave to set an option of a socket for as long as its queue is read: the
 * kernel shows a TCP send queue, and all but the first of some kinds of
 * messages, in no other way.  That is a change to the node, so who keeps its
 * ledger gives it.
 */
struct firn_queue_leave {
	/* Write down what is about to be done: `sockets` (borrowed) is an array
	 * of objects as contain/peek/peeking.h has them.  -1: it may not be
	 * done, and `err` says why. */
	int (*ask)(void *arg, const json_t *sockets, struct firn_err *err);
	/* It has been done: make sure that all of them are as before.  -1: one
	 * could not be put right. */
	int (*done)(void *arg, struct firn_err *err);
	void *arg;
};

/* What was asked for. */
struct firn_collection {
	const char *const *volumes; /* destinations of bind mounts to take in
				     * whole; "all" is every one */
	size_t n_volumes;
	const struct firn_queue_leave *queues; /* NULL: not given */
	bool facts_only; /* not what stands in queues, pipes and memory: for an
			  * archive that nobody keeps */
};

struct firn_collector {
	const char *name;    /* --only's and --skip's argument, and the gap's */
	const char *summary; /* one line */
	const char *source;  /* where the meaning is defined: "namespaces(7)" */
	enum firn_volatility volatility;
	bool afterwards; /* its target needn't stand still for it */
	/* NULL: its place is kept, and it is not built yet. */
	int (*collect)(const struct firn_target *target,
		       const struct firn_collection *what,
		       struct firn_archive *archive, struct firn_err *err);
};

/* firn_collectors(ret_n) -- the table, in the order in which they run. */
const struct firn_collector *const *firn_collectors(size_t *ret_n);

/*
 * firn_collect(target, what, only, n_only, archive, err) -- run them all, or
 * those named; a checkpoint follows each.  A name that isn't one is EINVAL.
 */
FIRN_MUST_CHECK int firn_collect(const struct firn_target *target,
				 const struct firn_collection *what,
				 const char *const *only, size_t n_only,
				 struct firn_archive *archive,
				 struct firn_err *err);

#endif
