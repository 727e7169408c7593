#ifndef CONTAIN_CUT_CUT_H
#define CONTAIN_CUT_CUT_H

/*
 * cut -- one isolation under way, and the methods it can use.
 *
 * A method makes one change at one place: a cgroup, the host's end of an
 * interface, an interface of the host for what one cgroup sends, or an
 * interface in the container's own network namespace.  Its details, as they
 * stand in the ledger, are all that its undo and the question whether it still
 * holds need.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "contain/cut/cut_program.h"
#include "contain/cut/pins.h"
#include "firn/err.h"
#include "firn/isolate.h"
#include "host/rtnl.h"

struct firn_cut {
	struct firn_target *target;
	struct firn_ledger *ledger;
	const struct firn_isolation *how;
	struct firn_pins pins;
	int rtnl_fd;      /* in our network namespace */
	uint32_t ifindex; /* some interface there, to prove programs; or 0 */
	json_t *allow;    /* the rules, as texts */

	json_t *methods, *not_used, *open, *shared_with; /* of the result */
	json_t *unix_sockets, *keeper;                   /* likewise, or NULL */
	size_t n_changes;                                /* made by this call */
	int attempts_fd; /* where the change under way counts them, or -1 */
	uint64_t before_scan; /* the last change before the first stop-gap */
	bool cgroup_holds;
	bool knows_ours; /* a namespace of its knows ours by a number */
};

/* Where a method is to work. */
struct firn_place {
	const char *on;     /* in the result: a cgroup's path, an interface */
	const char *covers; /* in the result */
	/* Of a cgroup, or whose sockets alone are judged at an interface; NULL
	 * for an interface that is cut for everybody. */
	const struct firn_cgroup *cgroup;
	const struct firn_link *link; /* NULL for a cgroup */
	const char *sides; /* tcx-cgroup: "egress", "ingress", "both" */
	int netns_fd;    /* -1, or of the namespace that the interface is in */
	uint64_t netns;  /* its inode; 0 for ours */
	json_t *details; /* for the ledger; each method adds its own */
};

struct firn_method {
	const char *name;
	bool own; /* judges only what sockets of the place's cgroup send */

	/* Look, and complete the details: everything that undo needs.  Changes
	 * nothing. */
	int (*plan)(struct firn_cut *cut, struct firn_place *place,
		    struct firn_err *err);
	/* Make the change.  After a failure undo is called. */
	int (*make)(struct firn_cut *cut, const struct firn_place *place,
		    struct firn_err *err);
	/* Is it in force?  -1 and why not. */
	int (*holds)(const json_t *details, struct firn_err *err);
	/* What more can be seen of it right after it was made; or NULL. */
	int (*verify)(struct firn_cut *cut, const struct firn_place *place,
		      struct firn_err *err);
	/* Undo; what isn't there any more is no error.  The pins in the details
	 * are removed after it; NULL if that is all. */
	int (*undo)(const json_t *details, struct firn_err *err);
};

extern const struct firn_method firn_method_cgroup; /* "cgroup-bpf" */
extern const struct firn_method firn_method_tcx;
extern const struct firn_method firn_method_clsact;
extern const struct firn_method firn_method_nft;
extern const struct firn_method firn_method_down;       /* "link-down" */
extern const struct firn_method firn_method_own;        /* "tcx-cgroup" */
extern const struct firn_method firn_method_own_clsact; /* "clsact-cgroup" */
extern const struct firn_method firn_method_inside;     /* "tcx-inside" */

/*
 * firn_cut_with(cut, method, place, err) -- use a method at a place.
 *
 * Where an open change of the ledger holds there already, it is that one.
 * Otherwise asked in the ledger, made, noted, looked at, noted.
 *
 * Returns 1 when it is in force (and stands in `methods`), 0 when it can't be
 * had (and stands in `not_used` with the reason; nothing is left of it), -1
 * when the ledger failed.
 */
FIRN_MUST_CHECK int firn_cut_with(struct firn_cut *cut,
				  const struct firn_method *method,
				  struct firn_place *place,
				  struct firn_err *err);

/* firn_cut_without(cut, method, why) -- into `not_used`.  Returns 0. */
int firn_cut_without(struct firn_cut *cut, const char *method, const char *why);

/* firn_cut_open(cut, fmt, ...) -- into `open`. */
void firn_cut_open(struct firn_cut *cut, const char *fmt, ...)
	FIRN_PRINTF(2, 3);

/* firn_cut_holds(details, err) -- by the method that the details name. */
FIRN_MUST_CHECK int firn_cut_holds(const json_t *details, struct firn_err *err);

/* firn_cut_undo(ledger, change, details, err) -- likewise; pins that another
 * open change of the ledger names as well stay for that. */
FIRN_MUST_CHECK int firn_cut_undo(const struct firn_ledger *ledger,
				  uint64_t change, const json_t *details,
				  struct firn_err *err);

/* firn_cut_add_pins(cut, place, err, name...) -- the paths of pins, in the
 * order in which undo removes them, into the details; the names end with
 * NULL. */
FIRN_MUST_CHECK int firn_cut_add_pins(const struct firn_cut *cut,
				      struct firn_place *place,
				      struct firn_err *err, ...)
	__attribute__((sentinel));

/* firn_cut_pin(place, i) -- the i-th of them; borrowed. */
const char *firn_cut_pin(const struct firn_place *place, size_t i);

/* firn_cut_log(cut, place, err) -- a place of programs: where they count whom
 * they drop, if that was asked for, into the details. */
FIRN_MUST_CHECK int firn_cut_log(const struct firn_cut *cut,
				 struct firn_place *place,
				 struct firn_err *err);

/* firn_cut_counters(path, err) -- the map pinned there, made if need be. */
FIRN_MUST_CHECK int firn_cut_counters(const char *path, struct firn_err *err);

/* firn_cut_open_counters(path) -- the map pinned there; a descriptor, or -1 if
 * there is none. */
int firn_cut_open_counters(const char *path);

/* firn_cut_load(cut, hook, map_fd, err) -- a program that was seen to judge
 * rightly; a descriptor, or -1. */
FIRN_MUST_CHECK int firn_cut_load(const struct firn_cut *cut,
				  enum firn_hook hook, int map_fd,
				  struct firn_err *err);

/* firn_cut_load_at(cut, place, hook, map_fd, err) -- the same for an interface
 * of any type; for FIRN_HOOK_OWN_OUT the place has a cgroup. */
FIRN_MUST_CHECK int firn_cut_load_at(const struct firn_cut *cut,
				     const struct firn_place *place,
				     enum firn_hook hook, int map_fd,
				     struct firn_err *err);

/*
 * firn_cut_attach(path, prog_fd, target, id, attach, err) -- a link, pinned.
 *
 * `target` as in firn_bpf_link(), `id` the cgroup's or the interface's.  A link
 * that is pinned there already, for the same place, gets the new program.
 */
FIRN_MUST_CHECK int firn_cut_attach(const char *path, int prog_fd,
				    uint32_t target, uint64_t id,
				    uint32_t attach, struct firn_err *err);

/* firn_cut_replace(path, prog_fd, id, attach, err) -- give the new program to
 * such a link.  Returns 1, or 0 when there is none, and nothing in its way. */
FIRN_MUST_CHECK int firn_cut_replace(const char *path, int prog_fd, uint64_t id,
				     uint32_t attach, struct firn_err *err);

/* firn_cut_pinned(path, id, attach, ret_program, err) -- is a link pinned there
 * that is attached at this place? */
FIRN_MUST_CHECK int firn_cut_pinned(const char *path, uint64_t id,
				    uint32_t attach, uint32_t *ret_program,
				    struct firn_err *err);

/* firn_cut_is_attached(program, target, attach, first, err) -- does the kernel
 * list this program there, and (if asked) before all that aren't firn's? */
FIRN_MUST_CHECK int firn_cut_is_attached(uint32_t program, uint32_t target,
					 uint32_t attach, bool first,
					 struct firn_err *err);

/* firn_cut_is_before_taps(place) -- does the cut in there stop a frame before
 * packet sockets see it? */
bool firn_cut_is_before_taps(const struct firn_place *place);

/* firn_cut_dropped(changes) -- what the programs of these changes have dropped
 * so far: a new object for the result. */
json_t *firn_cut_dropped(const json_t *changes);

/*
 * firn_cut_cgroup(cut, err) and firn_cut_pod(cut, err) -- its cgroup, and those
 * of the containers that share a network namespace with it.
 */
FIRN_MUST_CHECK int firn_cut_cgroup(struct firn_cut *cut, struct firn_err *err);
FIRN_MUST_CHECK int firn_cut_pod(struct firn_cut *cut, struct firn_err *err);

/* firn_cut_one_cgroup(cut, cgroup, err) -- as firn_cut_with(). */
FIRN_MUST_CHECK int firn_cut_one_cgroup(struct firn_cut *cut,
					const struct firn_cgroup *cgroup,
					struct firn_err *err);

/* firn_cut_interfaces(cut, methods, err) -- of every network namespace that its
 * processes live in. */
FIRN_MUST_CHECK int firn_cut_interfaces(
	struct firn_cut *cut, const struct firn_method *const *methods,
	struct firn_err *err);

/* The methods in the order of preference, for an interface's end on the host
 * and (those that are `own`) for one that others use too; ends with NULL. */
extern const struct firn_method *const firn_link_methods[];

#endif
