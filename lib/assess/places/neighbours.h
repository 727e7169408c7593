#ifndef ASSESS_NEIGHBOURS_H
#define ASSESS_NEIGHBOURS_H

/*
 * neighbours -- the other containers on the node: their environments, command
 * lines and mounted secrets.
 */

#include <stdint.h>

#include "assess/places/looking.h"

/* Every process of the node, with its pid namespace. */
struct firn_census {
	pid_t *pids;
	uint64_t *pidns;
	size_t n;
	uint64_t nodes_pidns;
};

/*
 * firn_neighbours_visit(target, gaps, each, arg, err) -- call `each` for every
 * other container that runs, for 10 seconds at most; who comes after that is a
 * gap.
 *
 * `neighbour` is enough of a target to look at: it is neither held nor
 * resolved.
 */
typedef int firn_neighbour_fn(const struct firn_target *neighbour,
			      const struct firn_census *census, void *arg,
			      struct firn_err *err);
FIRN_MUST_CHECK int firn_neighbours_visit(const struct firn_target *target,
					  json_t *gaps, firn_neighbour_fn *each,
					  void *arg, struct firn_err *err);

/* firn_look_at_neighbour(list, neighbour, census, via, err) -- into `list`: its
 * environments, its command lines and its mounted secrets. */
FIRN_MUST_CHECK int firn_look_at_neighbour(struct firn_checklist *list,
					   const struct firn_target *neighbour,
					   const struct firn_census *census,
					   const char *via,
					   struct firn_err *err);

/* firn_look_at_neighbours(looking, via, err) -- all of them into the target's
 * own list, as what could be had through `via`. */
FIRN_MUST_CHECK int firn_look_at_neighbours(const struct firn_looking *looking,
					    const char *via,
					    struct firn_err *err);

#endif
