#ifndef ASSESS_GUIDES_H
#define ASSESS_GUIDES_H

/*
 * guides -- what to do about a secret of a provider: data.
 *
 * Texts may hold placeholders such as {key_id}: names of facts (facts.h), or
 * of what a person knows.  None ever stands for a value.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/yaml.h"
#include "firn/err.h"

/* What comes first; firn_first_names[FIRN_FIRST_REVOKE] is "revoke". */
enum firn_first {
	FIRN_FIRST_REVOKE, /* and accept what breaks */
	FIRN_FIRST_REPLACE
};

/* With what it stops to be valid by itself; "never", "expiry", "pod". */
enum firn_ends {
	FIRN_ENDS_NEVER,
	FIRN_ENDS_EXPIRY,
	FIRN_ENDS_POD
};

extern const char *const firn_first_names[];
extern const char *const firn_ends_names[];

struct firn_guide {
	char *name, *provider;
	char *revoke, *rotate; /* rotate is never NULL, all others may be */
	char *breaks;          /* who is cut off by it */
	char *used;            /* the provider's log query that shows its use */
	char *dead;            /* how to see that the old one is dead */
	char *residual;        /* what can't be revoked, and for how long */
	int first;             /* of enum firn_first */
	int ends;              /* of enum firn_ends */
	bool mints;            /* can make other credentials, or read secrets */
	bool checked; /* against the provider's documents; else from memory */
};

/* firn_guide_parse(yaml, node, ret, err) -- one of the list "guides". */
FIRN_MUST_CHECK int firn_guide_parse(const struct firn_yaml *yaml,
				     struct fy_node *node,
				     struct firn_guide *ret,
				     struct firn_err *err);
void firn_guide_free(struct firn_guide *guide);

#endif
