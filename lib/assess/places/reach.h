#ifndef ASSESS_REACH_H
#define ASSESS_REACH_H

/*
 * reach -- what an intruder could have had through what the container was given
 * of the node: a socket of its engine, a folder of its files, its processes.
 *
 * Only what mountinfo and the node's disk say; nothing is asked.
 */

#include "assess/places/looking.h"
#include "assess/places/origins.h"

/* firn_is_nodes(origin) -- is this folder on the node one that holds its
 * credentials, or a part of one? */
bool firn_is_nodes(const char *origin);

/* firn_look_at_reach(looking, origins, err) -- the sockets, the node's files
 * and the other containers within reach. */
FIRN_MUST_CHECK int firn_look_at_reach(const struct firn_looking *looking,
				       const struct firn_origins *origins,
				       struct firn_err *err);

#endif
