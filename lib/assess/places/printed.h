#ifndef ASSESS_PRINTED_H
#define ASSESS_PRINTED_H

/*
 * printed -- secrets in what a container has printed, as its runtime kept it.
 *
 * Source: moby daemon/logger/jsonfilelog; kubernetes pkg/kubelet/kuberuntime/
 * logs; podman's k8s-file, which is the same.
 */

#include "assess/places/looking.h"

FIRN_MUST_CHECK int firn_look_at_printed(const struct firn_looking *looking,
					 struct firn_err *err);

#endif
