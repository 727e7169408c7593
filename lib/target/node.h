#ifndef TARGET_NODE_H
#define TARGET_NODE_H

/*
 * node -- all containers of a node, as the kernel and the disk together have
 * them, and finding one by what it's called.
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/err.h"
#include "firn/host.h"
#include "host/proc.h"
#include "target/kernel.h"
#include "target/names.h"
#include "target/places.h"
#include "target/trace.h"

#define TRACES_PER_CONTAINER 8

/* One container; everything in it is borrowed from the node. */
struct candidate {
	const char *id;
	const struct kernel_group *group; /* NULL: no cgroup names it */
	const struct trace *traces[TRACES_PER_CONTAINER]; /* best first */
	size_t n_traces;
	bool running;

	/* Its own control groups in their hierarchies; NULL without one. */
	char *v2, *freezer;
	bool bare; /* made for a pid or a cgroup that nothing else names */
};

struct node {
	const struct firn_host *host;
	struct kernel kernel;
	struct places places;
	struct traces traces;
	struct firn_cgroup_mounts mounts;
	struct firn_namespaces host_namespaces;
	struct candidate *candidates; /* sorted by id */
	size_t n_candidates;
	char bare_id[NAMES_MAX + 1];
};

/* node_read(ret, host, query, err) -- look at everything, once; of the
 * runtimes' state only what it takes to answer the query, if it isn't NULL. */
FIRN_MUST_CHECK int node_read(struct node *ret, const struct firn_host *host,
			      const struct query *query, struct firn_err *err);
void node_free(struct node *node);

/*
 * node_find(node, query, ret, err) -- the one that is meant.
 *
 * `*ret` belongs to the node.  ESRCH, EEXIST, EPERM as firn_target_open().
 */
FIRN_MUST_CHECK int node_find(struct node *node, const struct query *query,
			      const struct candidate **ret,
			      struct firn_err *err);

/* What the best trace that has it says; NULL if none does. */
const char *candidate_name(const struct candidate *candidate);
const char *candidate_image(const struct candidate *candidate);
enum firn_runtime candidate_runtime(const struct candidate *candidate);
/* The trace with the pod's identity; NULL if none has. */
const struct trace *candidate_pod(const struct candidate *candidate);

/* The trace that has all labels, else the best that has any; NULL for none. */
const struct trace *candidate_labelled(const struct candidate *candidate);

/* node_init(node, candidate) -- its pid 1, on the host; else what the state
 * names; else its oldest process.  0 if it has none. */
pid_t node_init(const struct node *node, const struct candidate *candidate);

/* candidate_holds(candidate, process) -- is it in its control groups? */
bool candidate_holds(const struct candidate *candidate,
		     const struct kernel_process *process);

/* node_agrees(node, trace) -- does the process that a trace names live, with
 * the same start, in the control group that it names? */
bool node_agrees(const struct node *node, const struct trace *trace);

#endif
