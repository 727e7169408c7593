#ifndef FIRN_TRAITS_H
#define FIRN_TRAITS_H

/*
 * traits -- what a policy or a playbook can know a container by.
 *
 * Borrowed from the target, all of it; what isn't known is NULL.
 */

#include <stdbool.h>
#include <stddef.h>

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
	bool labels_whole;    /* there are no others: Docker's, of a container
			       * that is no pod's; else it may have
			       * labels that its runtime tells nobody */
	char service[256];    /* what its replicas have in common */
};

/*
 * firn_target_traits(target, ret) -- of a target that was found.
 *
 * "service" is the pod's owner (NAMESPACE/NAME of the pod without the parts
 * that a ReplicaSet, StatefulSet, DaemonSet or Job adds) and container, else
 * Compose's project and service, else the image without tag and digest, else
 * the container's name, else its id: never empty.  What is cut off a pod's name
 * is a template's hash, five random characters, an ordinal, a CronJob's time.
 *
 * Source: kubernetes, pkg/controller/controller_utils.go (ComputeHash) and
 * apimachinery/pkg/util/rand (the alphabets); docker/compose,
 * pkg/api/labels.go.
 */
void firn_target_traits(const struct firn_target *target,
			struct firn_traits *ret);

/* firn_image_repository(image, ret, size) -- "registry.example.org:5000/web" of
 * "registry.example.org:5000/web:1@sha256:...".  A digest alone is left as it
 * is. */
void firn_image_repository(const char *image, char *ret, size_t size);

/* firn_image_full(image, ret, size) -- "docker.io/library/nginx:1" of
 * "nginx:1": with the registry that is meant. */
void firn_image_full(const char *image, char *ret, size_t size);

/* firn_image_is_digest(image) -- does it name no repository at all, as that of
 * a container which was started by an image's id? */
bool firn_image_is_digest(const char *image);

/* firn_listed_traits(row, ret) -- of a row of firn_targets(), which it borrows
 * from. */
void firn_listed_traits(const json_t *row, struct firn_traits *ret);

/* firn_traits_json(traits) -- for a record or a question: a new object, only
 * of what is known: "id", "name", "image", "namespace", "pod", "container",
 * "labels", "service". */
json_t *firn_traits_json(const struct firn_traits *traits);

#endif
