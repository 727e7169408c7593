#ifndef COLLECT_TREE_H
#define COLLECT_TREE_H

/*
 * tree -- all files of a container's root, as its layers make it.
 *
 * An overlay is put together here, from its folders on the host: nothing that
 * the container holds (leases, fanotify(7)) stops us then, it sees nothing of
 * it, and it needs no process of it.  What is mounted over the root (volumes,
 * tmpfs) is not in it.  Without an overlay it is the root of its process 1,
 * without other mounts, and files are opened by the opener's child.
 *
 * Of a folder that redirect_dir renamed, what lower layers have is a gap.
 *
 * Source: Linux Documentation/filesystems/overlayfs.rst.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "collect/opener.h"
#include "firn/archive.h"
#include "firn/err.h"
#include "firn/target.h"

/* What more there is is a gap: of files, of what is read of them and unpacked,
 * and of gaps themselves. */
#define FIRN_TREE_ENTRIES_MAX 500000
#define FIRN_TREE_BYTES_MAX (256u << 20)
#define FIRN_TREE_GAPS_MAX 1000

struct firn_tree {
	int *fds; /* of the layers, O_PATH, topmost first */
	size_t n;
	bool live;     /* the one layer is a root that processes write to */
	bool writable; /* the topmost layer is what the container changed */
	struct firn_opener opener;
	struct firn_archive *archive; /* borrowed; takes the gaps */

	/* What the walk has seen. */
	uint64_t n_entries;
	uint64_t n_bytes, n_gaps;
};

/* One that is no folder.  Strings and layer are the walk's: a copy of the path
 * and the layer is enough to open it later. */
struct firn_tree_entry {
	const char *path; /* "usr/bin/sh": no "/" in front */
	const char *name; /* the last component of it */
	struct stat st;
	size_t layer; /* 0 is the topmost */
};

/*
 * firn_tree_open_target(tree, target, archive, err) -- of a container.
 *
 * One that has no root of its own is ENOTSUP.  Release with
 * firn_tree_close().
 */
FIRN_MUST_CHECK int firn_tree_open_target(struct firn_tree *tree,
					  const struct firn_target *target,
					  struct firn_archive *archive,
					  struct firn_err *err);
void firn_tree_close(struct firn_tree *tree);

/* firn_tree_add(tree, fd, err) -- a layer below those that are there; takes
 * the descriptor over, also on failure. */
FIRN_MUST_CHECK int firn_tree_add(struct firn_tree *tree, int fd,
				  struct firn_err *err);

/* firn_tree_gap(tree, path, why) -- something of it can't be had. */
void firn_tree_gap(struct firn_tree *tree, const char *path,
		   const struct firn_err *why);

/* firn_tree_spend(tree, path, bytes) -- may as many more be read?  False, and a
 * gap, when it would be more than FIRN_TREE_BYTES_MAX. */
bool firn_tree_spend(struct firn_tree *tree, const char *path, uint64_t bytes);

/*
 * firn_tree_walk(tree, see, arg, err) -- call `see` for everything that is no
 * folder, once for each path, folder by folder, sorted by name within one.
 *
 * What can't be read, lies deeper than PATH_MAX or beyond
 * FIRN_TREE_ENTRIES_MAX is a gap.  Fails when `see` does.
 */
typedef int firn_tree_see(struct firn_tree *tree,
			  const struct firn_tree_entry *entry, void *arg,
			  struct firn_err *err);
FIRN_MUST_CHECK int firn_tree_walk(struct firn_tree *tree, firn_tree_see *see,
				   void *arg, struct firn_err *err);

/*
 * firn_tree_find(tree, path, entry) -- one by its path; no link is followed.
 *
 * `path` must outlive `entry`.  False for none, and for a folder.
 */
bool firn_tree_find(const struct firn_tree *tree, const char *path,
		    struct firn_tree_entry *entry);

/*
 * firn_tree_open(tree, entry, err) -- open a regular file for reading.
 *
 * Of a file that overlayfs copied up without its contents (metacopy), where
 * those are.  A descriptor for the caller to close(2), or -1.
 */
FIRN_MUST_CHECK int firn_tree_open(struct firn_tree *tree,
				   const struct firn_tree_entry *entry,
				   struct firn_err *err);

/* firn_tree_link(tree, entry, ret, size) -- where a symbolic link leads; the
 * length of the text, 0 for none. */
size_t firn_tree_link(const struct firn_tree *tree,
		      const struct firn_tree_entry *entry, char *ret,
		      size_t size);

#endif
