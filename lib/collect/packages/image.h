#ifndef COLLECT_IMAGE_H
#define COLLECT_IMAGE_H

/*
 * image -- how much there is in a root that a service doesn't need, and an
 * intruder does: its size, shells, package managers, tools that build and
 * fetch.
 */

#include <jansson.h>

#include "collect/packages/tree.h"

struct firn_image {
	uint64_t n_files, n_bytes;           /* regular files that are seen */
	uint64_t n_changed, n_changed_bytes; /* those in the topmost layer */
	json_t *shells, *managers, *tools, *privileged;
};

/* firn_image_begin(image) -- release with firn_image_free(). */
void firn_image_begin(struct firn_image *image);
void firn_image_free(struct firn_image *image);

/* firn_image_see(image, tree, entry) -- one more entry of the walk. */
void firn_image_see(struct firn_image *image, const struct firn_tree *tree,
		    const struct firn_tree_entry *entry);

/* firn_image_json(image, tree) -- a new object, which shares the lists. */
json_t *firn_image_json(const struct firn_image *image,
			const struct firn_tree *tree);

#endif
