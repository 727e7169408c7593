#ifndef ASSESS_ESCAPES_H
#define ASSESS_ESCAPES_H

/*
 * escapes -- known ways out of a container, by version: data
 * (playbooks/escapes.yaml).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/yaml.h"
#include "firn/err.h"

struct firn_escape {
	char *name, *component, *since, *what, *link;
	struct firn_words fixed, needs;
	struct firn_words mended; /* "debian-12=1.1.5+ds1-1+deb12u1" */
	bool checked;
};

struct firn_escapes {
	struct firn_escape *items;
	size_t n;
};

/* firn_escapes_open(ret, err) -- those that ship; errors name file, line and
 * column. */
FIRN_MUST_CHECK int firn_escapes_open(struct firn_escapes *ret,
				      struct firn_err *err);
void firn_escapes_close(struct firn_escapes *escapes);

/* firn_escape_mended(escape, distribution) -- the version of a distribution
 * ("debian-12") from which on it is mended; NULL if that isn't known. */
const char *firn_escape_mended(const struct firn_escape *escape,
			       const char *distribution);

#endif
