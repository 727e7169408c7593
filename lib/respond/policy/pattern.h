#ifndef POLICY_PATTERN_H
#define POLICY_PATTERN_H

/*
 * pattern -- which containers a rule speaks of: its `targets`.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/yaml.h"
#include "firn/err.h"
#include "firn/traits.h"

/* Where in the file something stands, from 1. */
struct firn_place {
	int line, column;
};

struct firn_label {
	char *key;
	struct firn_words values; /* globs; any of them */
};

/* All that are given must fit; of each, any. */
struct firn_pattern {
	struct firn_words namespaces, pods, names, images; /* globs */
	struct firn_label *labels;
	size_t n_labels;
	struct firn_place place;
};

/* Any of them; none is every container. */
struct firn_patterns {
	struct firn_pattern *items;
	size_t n;
};

enum firn_fit {
	FIRN_FITS_NOT,
	FIRN_FITS_PERHAPS, /* what it asks for isn't known of the container */
	FIRN_FITS,
};

/*
 * firn_patterns_parse(yaml, node, ret, err) -- {namespace, pod, name, image,
 * label}, or a list of such.
 *
 * A node that is NULL leaves `*ret` as it is.
 */
FIRN_MUST_CHECK int firn_patterns_parse(const struct firn_yaml *yaml,
					struct fy_node *node,
					struct firn_patterns *ret,
					struct firn_err *err);
void firn_patterns_free(struct firn_patterns *patterns);

/*
 * firn_patterns_fit(patterns, traits, ret_which) -- do they speak of it?
 *
 * `traits` that are NULL are of no container in particular.  `ret_which` may be
 * NULL, else `*ret_which` is the pattern that fits best, or NULL.
 */
enum firn_fit firn_patterns_fit(const struct firn_patterns *patterns,
				const struct firn_traits *traits,
				const struct firn_pattern **ret_which);

/* firn_patterns_json(patterns) -- as they are written: a new array. */
json_t *firn_patterns_json(const struct firn_patterns *patterns);

#endif
