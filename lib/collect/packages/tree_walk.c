#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "collect/layer_lower.h"
#include "collect/packages/tree.h"
#include "host/file.h"

/*
 * tree_walk -- folder by folder, from a list of those that wait: neither
 * descriptors nor the stack bound how deep it goes.
 */

/* A folder that waits, and the layers that make it, topmost first. */
struct waiting {
	struct waiting *next;
	char *path; /* "" is the root */
	size_t n;
	size_t layers[];
};

/* An entry in one of the layers of a folder. */
struct found {
	size_t name; /* offset in the names */
	size_t rank; /* which of the folder's layers */
};

struct walk {
	struct firn_tree *tree;
	firn_tree_see *see;
	void *arg;
	struct waiting *waiting;

	/* Of the folder at hand. */
	const struct waiting *folder;
	DIR **dirs; /* one for each of its layers */
	struct firn_buf names;
	struct found *found;
	size_t n_found, found_size;
};

static void
gap(const struct walk *walk, const char *path, int code, const char *text)
{
	struct firn_err why = { 0 };

	firn_err_set(&why, code, "%s", text);
	firn_tree_gap(walk->tree, path, &why);
}

/* --- what a folder has -------------------------------------------------------
 */

static int
add_found(struct walk *walk, size_t rank, const char *name,
	  struct firn_err *err)
{
	struct found *more;

	if (walk->n_found == walk->found_size) {
		size_t size = walk->found_size != 0 ? 2 * walk->found_size : 64;

		more = realloc(walk->found, size * sizeof(*more));
		if (more == NULL)
			return firn_err_nomem(err);
		walk->found = more;
		walk->found_size = size;
	}
	walk->found[walk->n_found++] =
		(struct found){ .name = walk->names.len, .rank = rank };
	firn_buf_add(&walk->names, name, strlen(name) + 1);
	return firn_buf_check(&walk->names, err);
}

static bool
has_room(struct walk *walk)
{
	struct firn_tree *tree = walk->tree;

	if (++tree->n_entries <= FIRN_TREE_ENTRIES_MAX)
		return true;
	if (tree->n_entries == FIRN_TREE_ENTRIES_MAX + 1)
		gap(walk, walk->folder->path, E2BIG,
		    "too many files: what follows was not looked at");
	return false;
}

/* redirect_dir: what lower layers have of it lies under another name there. */
static bool
was_renamed(int dir_fd)
{
	return fgetxattr(dir_fd, "trusted.overlay.redirect", NULL, 0) > 0 ||
	       fgetxattr(dir_fd, "user.overlay.redirect", NULL, 0) > 0;
}

static int
read_layer(struct walk *walk, size_t rank, struct firn_err *err)
{
	const struct waiting *folder = walk->folder;
	struct firn_err why = { 0 };
	const struct dirent *entry;
	DIR *dir;
	int fd;

	fd = firn_file_beneath(walk->tree->fds[folder->layers[rank]],
			       folder->path[0] != '\0' ? folder->path : ".",
			       O_RDONLY | O_DIRECTORY | O_NOATIME | O_NOFOLLOW,
			       &why);
	if (fd < 0) {
		/* A root that is no overlay has other mounts in it. */
		if (!walk->tree->live || why.code != EXDEV)
			firn_tree_gap(walk->tree, folder->path, &why);
		return 0;
	}
	if (!walk->tree->live && folder->layers[rank] + 1 < walk->tree->n &&
	    was_renamed(fd))
		gap(walk, folder->path, ENODATA,
		    "was renamed: what lower layers have of it was not looked "
		    "at");
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return firn_err_nomem(err);
	}
	walk->dirs[rank] = dir;
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (!has_room(walk))
			return 0;
		if (add_found(walk, rank, entry->d_name, err) < 0)
			return -1;
	}
	if (errno != 0)
		gap(walk, folder->path, errno, "could not be read to its end");
	return 0;
}

static int
by_name(const void *left, const void *right, void *names)
{
	const struct found *a = left, *b = right;
	const char *text = names;
	int order = strcmp(text + a->name, text + b->name);

	if (order != 0)
		return order;
	return (a->rank > b->rank) - (a->rank < b->rank);
}

/* --- what it is in all layers ------------------------------------------------
 */

/* stat(2) of a mount point would ask the filesystem that is mounted there,
 * which may never answer: a layer has none. */
static bool
is_there(const struct walk *walk, const struct found *found, struct stat *st)
{
	int dir_fd = dirfd(walk->dirs[found->rank]);
	const char *name = walk->names.data + found->name;
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	if (!walk->tree->live)
		return fstatat(dir_fd, name, st, AT_SYMLINK_NOFOLLOW) == 0;
	fd = firn_file_beneath(dir_fd, name, O_PATH | O_NOFOLLOW, &why);
	return fd >= 0 && fstat(fd, st) == 0;
}

static bool
hides_what_is_below(const struct walk *walk, const struct found *found)
{
	int fd = openat(dirfd(walk->dirs[found->rank]),
			walk->names.data + found->name,
			O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool opaque = fd >= 0 && firn_is_opaque(fd);

	firn_auto_close(&fd);
	return opaque;
}

/* `same` are `n` entries of one name, the first a folder. */
static int
add_waiting(struct walk *walk, const struct found *same, size_t n, char *path,
	    struct firn_err *err)
{
	struct waiting *waiting =
		malloc(sizeof(*waiting) + n * sizeof(waiting->layers[0]));

	if (waiting == NULL) {
		free(path);
		return firn_err_nomem(err);
	}
	waiting->path = path;
	waiting->n = 0;
	waiting->next = walk->waiting;
	walk->waiting = waiting;
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		if (i > 0 &&
		    (!is_there(walk, &same[i], &st) || !S_ISDIR(st.st_mode)))
			break;
		waiting->layers[waiting->n++] =
			walk->folder->layers[same[i].rank];
		if (i + 1 < n && hides_what_is_below(walk, &same[i]))
			break;
	}
	return 0;
}

static int
visit(struct walk *walk, const struct found *same, size_t n,
      struct firn_err *err)
{
	const char *folder = walk->folder->path;
	const char *name = walk->names.data + same->name;
	struct firn_tree_entry entry = { 0 };
	autofree char *path = NULL;

	if (!is_there(walk, same, &entry.st) || firn_is_whiteout(&entry.st))
		return 0;
	if (asprintf(&path, "%s%s%s", folder, folder[0] != '\0' ? "/" : "",
		     name) < 0) {
		path = NULL;
		return firn_err_nomem(err);
	}
	if (strlen(path) >= PATH_MAX) {
		gap(walk, folder, ENAMETOOLONG, "lies too deep");
		return 0;
	}
	if (S_ISDIR(entry.st.st_mode))
		return add_waiting(walk, same, n, firn_steal(path), err);
	entry.path = path;
	entry.name = path + strlen(path) - strlen(name);
	entry.layer = walk->folder->layers[same->rank];
	return walk->see(walk->tree, &entry, walk->arg, err);
}

static int
visit_all(struct walk *walk, struct firn_err *err)
{
	const char *names = walk->names.data;

	if (walk->n_found == 0)
		return 0;
	qsort_r(walk->found, walk->n_found, sizeof(*walk->found), by_name,
		walk->names.data);
	for (size_t i = 0, n; i < walk->n_found; i += n) {
		const char *name = names + walk->found[i].name;

		for (n = 1; i + n < walk->n_found &&
			    strcmp(names + walk->found[i + n].name, name) == 0;
		     n++)
			;
		if (visit(walk, walk->found + i, n, err) < 0)
			return -1;
	}
	return 0;
}

/* --- the walk ----------------------------------------------------------------
 */

static int
walk_folder(struct walk *walk, const struct waiting *folder,
	    struct firn_err *err)
{
	int done = 0;

	walk->folder = folder;
	walk->n_found = 0;
	walk->names.len = 0;
	walk->dirs = calloc(folder->n, sizeof(*walk->dirs));
	if (walk->dirs == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < folder->n && done == 0; i++)
		done = read_layer(walk, i, err);
	if (done == 0)
		done = visit_all(walk, err);
	for (size_t i = 0; i < folder->n; i++)
		firn_auto_closedir(&walk->dirs[i]);
	free(walk->dirs);
	return done;
}

static struct waiting *
whole_root(const struct firn_tree *tree)
{
	struct waiting *root =
		calloc(1, sizeof(*root) + tree->n * sizeof(root->layers[0]));

	if (root == NULL)
		return NULL;
	root->path = strdup("");
	for (size_t i = 0; i < tree->n; i++)
		root->layers[root->n++] = i;
	return root;
}

int
firn_tree_walk(struct firn_tree *tree, firn_tree_see *see, void *arg,
	       struct firn_err *err)
{
	struct walk walk = { .tree = tree, .see = see, .arg = arg };
	int done = 0;

	walk.waiting = whole_root(tree);
	if (walk.waiting == NULL || walk.waiting->path == NULL)
		done = firn_err_nomem(err);
	while (walk.waiting != NULL) {
		struct waiting *folder = walk.waiting;

		walk.waiting = folder->next;
		if (done == 0 && tree->n_entries <= FIRN_TREE_ENTRIES_MAX)
			done = walk_folder(&walk, folder, err);
		free(folder->path);
		free(folder);
	}
	firn_buf_free(&walk.names);
	free(walk.found);
	return done;
}
