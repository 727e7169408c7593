#ifndef COLLECT_LAYER_H
#define COLLECT_LAYER_H

/*
 * layer -- a folder of the suspect's as a tar, planned first and written then.
 *
 * The plan is one walk over names and facts.  It is kept in spools, so memory
 * is bounded however many files there are; it gives the exact size of the tar.
 * Writing it reads each file once.  Folders and files are reached by their
 * handles (open_by_handle_at(2)), not by paths, so no depth and no renaming
 * leads elsewhere.
 *
 * Of an overlay's upper folder the tar is an OCI layer: whiteouts are `.wh.`
 * files, opaque folders hold `.wh..wh..opq`.
 *
 * Source: OCI image-spec, layer.md; Linux Documentation/filesystems/
 * overlayfs.rst.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/spool.h"
#include "collect/layer_lower.h"
#include "firn/archive.h"
#include "firn/err.h"

struct firn_layer_links;

struct firn_layer {
	int root_fd;           /* of the folder, O_PATH; borrowed */
	const char *collector; /* of its gaps */
	const char *label;     /* of its gaps: "the upper directory" */
	bool overlay;          /* is it one's upper folder? */
	struct firn_lowers lowers;

	struct firn_archive *archive;
	int mount_fd; /* the root, opened for reading: handles need that */
	bool planned; /* what follows is owned */
	struct firn_spool plan;    /* struct firn_layer_item and what follows */
	struct firn_spool folders; /* to walk yet */
	uint64_t folders_read;     /* offset in `folders` */
	struct firn_layer_links *links;
	uint64_t n_entries;
	uint64_t size; /* of the tar, bytes */
};

/* One planned entry; its header, handle, path, facts and extents follow. */
struct firn_layer_item {
	uint64_t data; /* bytes that follow the header in the tar */
	uint64_t size; /* of the file */
	uint64_t inode;
	uint32_t header_len, handle_len, path_len, facts_len, n_extents;
	bool hashed;   /* a regular file whose contents are in the tar */
	bool metacopy; /* its contents are still in a lower layer */
};

/* Larger handles than any filesystem of Linux makes: MAX_HANDLE_SZ. */
#define FIRN_HANDLE_MAX 144

/*
 * firn_layer_plan(layer, err) -- walk it.
 *
 * What can't be read is a gap in `layer->archive`.  Fails only when the plan
 * can't be kept.  Release with firn_layer_free().
 */
FIRN_MUST_CHECK int firn_layer_plan(struct firn_layer *layer,
				    struct firn_err *err);

/*
 * firn_layer_write(layer, member, source, changes, bodyfile, err) -- the tar as
 * a member of the archive.
 *
 * To `changes` a line of JSON is added for each entry, to `bodyfile` one in the
 * Sleuth Kit's format; either may be NULL.
 */
FIRN_MUST_CHECK int firn_layer_write(struct firn_layer *layer,
				     const char *member,
				     const struct firn_member_source *source,
				     struct firn_spool *changes,
				     struct firn_spool *bodyfile,
				     struct firn_err *err);

void firn_layer_free(struct firn_layer *layer);

/* firn_layer_gap(layer, path, len, why) -- something of it can't be had. */
void firn_layer_gap(const struct firn_layer *layer, const char *path,
		    size_t len, const struct firn_err *why);

#endif
