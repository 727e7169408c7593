#ifndef ASSESS_MOUNTED_H
#define ASSESS_MOUNTED_H

/*
 * mounted -- secrets in what is mounted into a container.
 */

#include "assess/places/looking.h"
#include "assess/places/origins.h"

/* firn_look_at_secret_mounts(looking, origins, err) -- secrets of Kubernetes
 * and of the engines, single files, and what lies in memory. */
FIRN_MUST_CHECK int firn_look_at_secret_mounts(
	const struct firn_looking *looking, const struct firn_origins *origins,
	struct firn_err *err);

/* firn_look_at_volumes(looking, origins, err) -- well-known names in folders
 * that are mounted; not in those that are the node's own: see reach.h. */
FIRN_MUST_CHECK int firn_look_at_volumes(const struct firn_looking *looking,
					 const struct firn_origins *origins,
					 struct firn_err *err);

#endif
