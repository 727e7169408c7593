#ifndef COLLECT_LAYER_ENTRY_H
#define COLLECT_LAYER_ENTRY_H

/*
 * layer_entry -- everything that is known of one entry, and its plan.
 */

#include <linux/stat.h>

#include "collect/layer.h"
#include "evidence/tar.h"

struct statx;

/* One entry on its way into the plan. */
struct firn_layer_entry {
	struct firn_layer *layer;
	const char *path;  /* below the root, without "/" in front */
	int path_fd;       /* O_PATH */
	bool parent_added; /* no lower layer has its folder */

	/* Found out by firn_layer_entry_add(). */
	struct statx st;
	bool added;  /* no lower layer has it */
	bool opaque; /* it hides what the lower ones have in it */
};

/* firn_layer_entry_add(entry, err) -- look at it, and add it to the plan.  What
 * can't be read of it is a gap. */
FIRN_MUST_CHECK int firn_layer_entry_add(struct firn_layer_entry *entry,
					 struct firn_err *err);

/* firn_layer_handle(path_fd, ret, err) -- struct file_handle as bytes; their
 * count, 0 where the filesystem has none. */
size_t firn_layer_handle(int path_fd, unsigned char ret[FIRN_HANDLE_MAX]);

/* firn_layer_open(layer, handle, handle_len, path, err) -- what was planned,
 * O_PATH again: by its handle, or by its path where there is none. */
FIRN_MUST_CHECK int firn_layer_open(const struct firn_layer *layer,
				    const unsigned char *handle,
				    size_t handle_len, const char *path,
				    struct firn_err *err);

/* layer_links: which file was first to have this inode.  Its path is for the
 * caller to free(3); NULL when it is the first one itself, which is noted. */
FIRN_MUST_CHECK int firn_layer_link(struct firn_layer *layer, uint64_t inode,
				    const char *path, char **ret,
				    struct firn_err *err);
void firn_layer_links_free(struct firn_layer_links **links);

#endif
