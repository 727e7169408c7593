#ifndef POLICY_KNOWN_AS_H
#define POLICY_KNOWN_AS_H

/*
 * known_as -- parties and containers as they stand in a record.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/policy.h"
#include "firn/traits.h"

/* Labels that are longer than this, as JSON, aren't recorded. */
#define FIRN_LABELS_RECORDED ((size_t)4 << 10)

/* firn_traits_record(traits) -- for a record: firn_traits_json() with
 * "labels_whole", and without labels that somebody made too many. */
json_t *firn_traits_record(const struct firn_traits *traits);

/* firn_traits_recorded(json, ret) -- of that; borrows from it. */
void firn_traits_recorded(const json_t *json, struct firn_traits *ret);

/* firn_party_recorded(json, ret, err) -- of firn_party_json(); without groups.
 * Released by firn_party_free(). */
FIRN_MUST_CHECK int firn_party_recorded(const json_t *json,
					struct firn_party *ret,
					struct firn_err *err);

/* firn_role_recorded(name, ret, err) -- of firn_role_name(). */
FIRN_MUST_CHECK int firn_role_recorded(const char *name, enum firn_role *ret,
				       struct firn_err *err);

/* firn_party_same(one, other) -- the same person, by number, or the same
 * source, by name; nobody is the same as nobody. */
bool firn_party_same(const struct firn_party *one,
		     const struct firn_party *other);

#endif
