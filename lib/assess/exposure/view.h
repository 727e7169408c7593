#ifndef ASSESS_VIEW_H
#define ASSESS_VIEW_H

/*
 * view -- the facts as the checks ask for them: the container's first process,
 * when it started, what of the host it has mounted.
 */

#include <stdbool.h>

#include "assess/exposure/facts.h"

/* Something of the host's files that the container has. */
struct firn_host_mount {
	const json_t *mount; /* a line of data/mounts/mounts.jsonl; borrowed */
	char *path;          /* on the host */
	const char *point;   /* in the container; borrowed */
	bool writable;
};

struct firn_view {
	struct firn_facts *facts;
	const json_t *target;     /* data/runtime/target.json; or NULL */
	const json_t *processes;  /* array; or NULL */
	const json_t *init;       /* the container's first; or NULL */
	const char *started;      /* when; or NULL */
	const char *device;       /* of its root alone, "0:59"; or NULL */
	json_int_t device_number; /* the same, as in stat(2); or -1 */
	struct firn_mounts host;  /* of the node */
	struct firn_host_mount *host_mounts;
	size_t n_host_mounts;
};

/* firn_view_open(ret, facts, err) -- `facts` is borrowed, and must not take
 * more members meanwhile. */
FIRN_MUST_CHECK int firn_view_open(struct firn_view *ret,
				   struct firn_facts *facts,
				   struct firn_err *err);
void firn_view_close(struct firn_view *view);

/* firn_view_process(view, pid) -- a process of the container; NULL if it's
 * none. */
const json_t *firn_view_process(const struct firn_view *view, json_int_t pid);

/* firn_view_capable(view, capability) -- could a process of the container have
 * it ("cap_sys_admin")?  By what bounds its first process, and what any of them
 * has. */
bool firn_view_capable(const struct firn_view *view, const char *capability);

/* firn_view_shares(view, name) -- is its namespace ("pid") the host's? */
bool firn_view_shares(const struct firn_view *view, const char *name);

/* firn_view_mount(view, point) -- what is mounted there in the container, the
 * last one; NULL if nothing is. */
const json_t *firn_view_mount(const struct firn_view *view, const char *point);

/* firn_view_writable(mount) -- a line of mounts.jsonl: may it be written? */
bool firn_view_writable(const json_t *mount);

/* firn_view_has(view, path) -- the mount through which the container can reach
 * this path of the host; NULL if it can't.  One that may be written is
 * preferred, then the one nearest to it. */
const struct firn_host_mount *firn_view_has(const struct firn_view *view,
					    const char *path);

/* firn_view_in_layer(view, path) -- does a path of the host lead into this
 * container's files? */
bool firn_view_in_layer(const struct firn_view *view, const char *path);

/* firn_view_since(view, when) -- is this time after the container started?
 * false when one of them isn't known. */
bool firn_view_since(const struct firn_view *view, const char *when);

/* firn_path_below(path, folder) -- is it that folder, or in it? */
bool firn_path_below(const char *path, const char *folder);

#endif
