#ifndef ASSESS_IMAGE_H
#define ASSESS_IMAGE_H

/*
 * image -- secrets in the configuration of an image: its environment, labels,
 * commands, and the history of its build, where arguments stand.
 *
 * Source: OCI image-spec, config.md; docker image-spec.
 */

#include "assess/places/looking.h"

FIRN_MUST_CHECK int firn_look_at_image(const struct firn_looking *looking,
				       struct firn_err *err);

#endif
