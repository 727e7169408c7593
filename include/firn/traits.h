#ifndef FIRN_TRAITS_H
#define FIRN_TRAITS_H

/*
 * traits -- what a policy or a playbook can know a container by.
 *
 * Borrowed from the target, all of it; what isn't known is NULL.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/target.h"

struct firn_traits {
	const char *id;
	const char *name;
	const char *image;         /* "registry.example.org/shop/web:1.4.2" */
	const char *pod_namespace; /* of a pod */
	const char *pod_name;
	const char *pod_container;
	const json_t *labels; /* object of strings, or NULL */
	char service[256];    /* what its replicas have in common */
};

/*
 * firn_target_traits(target, ret) -- of a target that was found.
 *
 * "service" is the pod's owner (NAMESPACE/NAME of the pod without the parts
 * that a ReplicaSet, StatefulSet, DaemonSet or Job adds) and container, else
 * Compose's project and service, else the image without tag and digest, else
 * the container's name, else its id: never empty.
 */
void firn_target_traits(const struct firn_target *target,
			struct firn_traits *ret);

/* firn_traits_json(traits) -- for a record or a question: a new object, only
 * of what is known. */
json_t *firn_traits_json(const struct firn_traits *traits);

#endif
