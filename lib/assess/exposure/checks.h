#ifndef ASSESS_CHECKS_H
#define ASSESS_CHECKS_H

/*
 * checks -- what bears on whether the node can still be trusted: a table.
 *
 * Adding one: a line in the table of checks.c, its function in the file that it
 * belongs to, and tests/data/exposure/NAME.json with a host where it fires
 * and one where it doesn't.
 */

#include "assess/exposure/view.h"

enum firn_question {
	FIRN_COULD_IT, /* have got out */
	FIRN_DID_IT,
};

/*
 * What a reason weighs.  From FIRN_POSSIBLE on, exposure is possible; what it
 * did, from FIRN_PRESUMED on, is presumed to have exposed the node.  What it
 * only could have done never is.
 */
#define FIRN_POSSIBLE 30
#define FIRN_PRESUMED 60

struct firn_looking;

struct firn_check {
	const char *name;
	enum firn_question question;
	unsigned weight;   /* of 100; a reason may weigh less or more */
	const char *reads; /* members; what a reason says it was read from */
	const char *means;
	const char *todo;
	void (*look)(struct firn_looking *looking);
};

/* One check at work. */
struct firn_looking {
	const struct firn_view *view;
	const struct firn_check *check;
	json_t *reasons, *unknown; /* arrays */
	size_t n;                  /* reasons of this check */
};

extern const struct firn_check firn_checks[];
extern const size_t firn_n_checks;

/* firn_reason(looking, fmt, ...) -- the fact that the check looks for. */
void firn_reason(struct firn_looking *looking, const char *fmt, ...)
	FIRN_PRINTF(2, 3);

/* firn_reason_weighing(looking, weight, fmt, ...) -- the same, with a weight of
 * its own. */
void firn_reason_weighing(struct firn_looking *looking, unsigned weight,
			  const char *fmt, ...) FIRN_PRINTF(3, 4);

/* firn_cannot_tell(looking, fmt, ...) -- why the check has no answer. */
void firn_cannot_tell(struct firn_looking *looking, const char *fmt, ...)
	FIRN_PRINTF(2, 3);

/*
 * firn_needs(looking, path) -- a member without which the check can't tell.
 *
 * Its value, borrowed; NULL when it isn't there, which has been said then.
 */
const json_t *firn_needs(struct firn_looking *looking, const char *path);

/* firn_needs_init(looking) -- are the facts of its first process known?  Says
 * so when they aren't. */
bool firn_needs_init(struct firn_looking *looking);

/* firn_runtime_socket(view) -- where in the container a runtime's socket can be
 * reached; NULL if none can.  Borrowed. */
const char *firn_runtime_socket(const struct firn_view *view);

/* could_privileges.c */
void firn_look_privileged(struct firn_looking *looking);
void firn_look_capabilities(struct firn_looking *looking);
void firn_look_namespaces(struct firn_looking *looking);
void firn_look_user_namespace(struct firn_looking *looking);
void firn_look_seccomp(struct firn_looking *looking);
void firn_look_security_module(struct firn_looking *looking);

/* could_mounts.c */
void firn_look_host_paths(struct firn_looking *looking);
void firn_look_runtime_sockets(struct firn_looking *looking);
void firn_look_propagation(struct firn_looking *looking);

/* could_kernel.c */
void firn_look_proc(struct firn_looking *looking);
void firn_look_sys(struct firn_looking *looking);
void firn_look_cgroup(struct firn_looking *looking);
void firn_look_devices(struct firn_looking *looking);

/* could_node.c */
void firn_look_engine_api(struct firn_looking *looking);
void firn_look_kubelet_ports(struct firn_looking *looking);
void firn_look_metadata(struct firn_looking *looking);
void firn_look_service_account(struct firn_looking *looking);

/* could_escapes.c */
void firn_look_escapes(struct firn_looking *looking);

/* did_processes.c */
void firn_look_host_processes(struct firn_looking *looking);
void firn_look_escaped(struct firn_looking *looking);
void firn_look_joined_host(struct firn_looking *looking);
void firn_look_descriptors(struct firn_looking *looking);
void firn_look_hidden(struct firn_looking *looking);

/* did_host.c */
void firn_look_runtime_binaries(struct firn_looking *looking);
void firn_look_knobs(struct firn_looking *looking);
void firn_look_host_files(struct firn_looking *looking);
void firn_look_preload(struct firn_looking *looking);
void firn_look_modules(struct firn_looking *looking);
void firn_look_bpf(struct firn_looking *looking);

/* did_containers.c */
void firn_look_new_containers(struct firn_looking *looking);
void firn_look_metadata_used(struct firn_looking *looking);

/* did_intruder.c */
void firn_look_mining(struct firn_looking *looking);
void firn_look_memory_only(struct firn_looking *looking);
void firn_look_tools(struct firn_looking *looking);
void firn_look_hunting(struct firn_looking *looking);

#endif
