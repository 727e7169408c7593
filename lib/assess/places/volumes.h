#ifndef ASSESS_VOLUMES_H
#define ASSESS_VOLUMES_H

/*
 * volumes -- what a mount is to who has made it: a Secret of Kubernetes, one of
 * Docker's or of podman's.
 *
 * Source: kubernetes pkg/kubelet/kubelet_getters.go (the kubelet's folders);
 * moby daemon/container_operations_unix.go; podman
 * libpod/container_internal.go.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/target.h"

enum firn_volume {
	FIRN_VOLUME_OTHER,
	FIRN_VOLUME_SECRET,
	FIRN_VOLUME_PROJECTED,
	FIRN_VOLUME_CSI,
	FIRN_VOLUME_CONFIGMAP,
	FIRN_VOLUME_ENGINE, /* a secret of Docker's or podman's */
};

/* firn_volume_names[FIRN_VOLUME_SECRET] is "Kubernetes secret", ...: a place;
 * "mounted file" for others. */
extern const char *const firn_volume_names[];

/*
 * firn_volume_of(target, point, origin, facts) -- by the path on the node that
 * is mounted ("" where unknown) and where it is in the container.
 *
 * Into `facts`, an object: "volume", "pod_uid", "namespace", "driver",
 * "secret", as far as the disk says them.
 */
enum firn_volume firn_volume_of(const struct firn_target *target,
				const char *point, const char *origin,
				json_t *facts);

#endif
