#ifndef COLLECT_CAPABILITIES_H
#define COLLECT_CAPABILITIES_H

/*
 * capabilities -- the names of the bits; capabilities(7).
 */

#include <stdint.h>

#include <jansson.h>

/* firn_capability_names(set) -- a new array of names ("cap_chown"), and of
 * numbers ("cap_63") for bits that have none yet. */
json_t *firn_capability_names(uint64_t set);

#endif
