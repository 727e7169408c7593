#include "collect/packages/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "collect/layer_lower.h"
#include "host/file.h"
#include "host/quiet.h"

int
firn_tree_add(struct firn_tree *tree, int fd, struct firn_err *err)
{
	int *more = realloc(tree->fds, (tree->n + 1) * sizeof(*more));

	if (more == NULL) {
		close(fd);
		return firn_err_nomem(err);
	}
	tree->fds = more;
	tree->fds[tree->n++] = fd;
	return 0;
}

void
firn_tree_close(struct firn_tree *tree)
{
	for (size_t i = 0; i < tree->n; i++)
		close(tree->fds[i]);
	free(tree->fds);
	firn_opener_close(&tree->opener);
	*tree = (struct firn_tree){ 0 };
}

void
firn_tree_gap(struct firn_tree *tree, const char *path,
	      const struct firn_err *why)
{
	autofree char *shown = firn_escape(path, strlen(path));
	char what[FIRN_ERR_TEXT];
	struct firn_err more = { 0 };

	if (++tree->n_gaps > FIRN_TREE_GAPS_MAX)
		return;
	snprintf(what, sizeof(what), "/%s", shown != NULL ? shown : "?");
	firn_archive_gap(tree->archive, "packages", what, why);
	if (tree->n_gaps < FIRN_TREE_GAPS_MAX)
		return;
	firn_err_set(&more, E2BIG, "more than %d: the others aren't listed",
		     FIRN_TREE_GAPS_MAX);
	firn_archive_gap(tree->archive, "packages", "gaps", &more);
}

bool
firn_tree_spend(struct firn_tree *tree, const char *path, uint64_t bytes)
{
	struct firn_err why = { 0 };

	if (bytes <= FIRN_TREE_BYTES_MAX - tree->n_bytes) {
		tree->n_bytes += bytes;
		return true;
	}
	firn_err_set(&why, E2BIG,
		     "not read: with it, more than %u bytes would be in all",
		     FIRN_TREE_BYTES_MAX);
	firn_tree_gap(tree, path, &why);
	return false;
}

/* --- of a container ---------------------------------------------------------
 */

static int
add_folder(struct firn_tree *tree, const struct firn_host *host,
	   const char *path, struct firn_err *err)
{
	autoclose int fd =
		firn_host_file(host, path, O_PATH | O_DIRECTORY, err);
	struct firn_err why = { 0 };
	int quiet_fd;

	if (fd < 0)
		return -1;
	/* Nothing is lost without: that is the filesystem collector's gap. */
	quiet_fd = firn_quiet(fd, &why);
	return firn_tree_add(tree,
			     quiet_fd >= 0 ? quiet_fd : firn_steal_fd(&fd),
			     err);
}

static int
add_overlay(struct firn_tree *tree, const struct firn_target *target,
	    struct firn_err *err)
{
	const struct firn_rootfs *rootfs = &target->rootfs;

	tree->writable = rootfs->upper != NULL;
	if (rootfs->upper != NULL &&
	    add_folder(tree, target->host, rootfs->upper, err) < 0)
		return firn_err_in(err, "the upper directory");
	for (size_t i = 0; i < rootfs->n_lowers; i++) {
		if (add_folder(tree, target->host, rootfs->lowers[i], err) < 0)
			return firn_err_in(err, "lower layer %zu", i + 1);
	}
	return 0;
}

/* A process of the host's own (pid:N): its root is the host's.  Of the host's
 * init, that may be forbidden to know; we are the host's too. */
static bool
is_hosts_own(const struct firn_target *target)
{
	const pid_t hosts[] = { 1, getpid() };

	for (size_t i = 0; i < 2; i++) {
		struct firn_err why = { 0 };
		struct firn_namespaces host;

		if (firn_proc_namespaces(target->host, hosts[i], &host, &why) ==
			    0 &&
		    host.inode[FIRN_NS_MNT] ==
			    target->namespaces.inode[FIRN_NS_MNT])
			return true;
	}
	return false;
}

static int
add_root(struct firn_tree *tree, const struct firn_target *target,
	 struct firn_err *err)
{
	char path[32];
	int fd;

	if (is_hosts_own(target))
		return firn_err_set(err, ENOTSUP, "it has no root of its own");
	snprintf(path, sizeof(path), "%d/root", (int)target->init_pid);
	fd = openat(target->host->proc_fd, path,
		    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open /proc/%s", path);
	tree->live = true;
	return firn_tree_add(tree, fd, err);
}

int
firn_tree_open_target(struct firn_tree *tree, const struct firn_target *target,
		      struct firn_archive *archive, struct firn_err *err)
{
	const struct firn_rootfs *rootfs = &target->rootfs;
	int done;

	*tree = (struct firn_tree){ .archive = archive };
	done = rootfs->upper != NULL || rootfs->n_lowers > 0
		       ? add_overlay(tree, target, err)
		       : add_root(tree, target, err);
	if (done < 0)
		firn_tree_close(tree);
	return done;
}

/* --- one file ---------------------------------------------------------------
 */

bool
firn_tree_find(const struct firn_tree *tree, const char *path,
	       struct firn_tree_entry *entry)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < tree->n; i++) {
		/* One layer at a time, to know which it is. */
		const struct firn_lowers rest = { tree->fds + i, tree->n - i };
		const struct firn_lowers one = { tree->fds + i, 1 };
		autoclose int above = firn_lowers_find(&one, path, &entry->st);
		autoclose int all = -1;
		struct stat st;

		if (above >= 0) {
			entry->path = path;
			entry->name = slash != NULL ? slash + 1 : path;
			entry->layer = i;
			return !S_ISDIR(entry->st.st_mode);
		}
		all = firn_lowers_find(&rest, path, &st);
		if (all < 0)
			return false; /* in no layer, or hidden by this one */
	}
	return false;
}

static bool
has_no_contents(int path_fd)
{
	static const char *const names[] = { "trusted.overlay.metacopy",
					     "user.overlay.metacopy" };
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	for (size_t i = 0; i < 2; i++) {
		if (getxattr(path, names[i], NULL, 0) >= 0)
			return true;
	}
	return false;
}

static int
open_live(struct firn_tree *tree, const char *path, struct firn_err *err)
{
	autoclose int fd =
		firn_opener_lookup(&tree->opener, tree->fds[0], path, err);

	return fd < 0 ? -1 : firn_opener_reopen(&tree->opener, fd, err);
}

int
firn_tree_open(struct firn_tree *tree, const struct firn_tree_entry *entry,
	       struct firn_err *err)
{
	struct stat st;

	if (tree->live)
		return open_live(tree, entry->path, err);
	for (size_t i = entry->layer; i < tree->n; i++) {
		autoclose int fd = firn_file_beneath(tree->fds[i], entry->path,
						     O_PATH | O_NOFOLLOW, err);

		if (fd < 0 && (i == entry->layer || err->code != ENOENT))
			return -1;
		if (fd >= 0 && !has_no_contents(fd))
			return firn_file_reopen(fd, &st, err);
	}
	return firn_err_set(err, ENODATA,
			    "its contents are in no layer under this name");
}

size_t
firn_tree_link(const struct firn_tree *tree,
	       const struct firn_tree_entry *entry, char *ret, size_t size)
{
	struct firn_err why = { 0 };
	autoclose int fd =
		firn_file_beneath(tree->fds[entry->layer], entry->path,
				  O_PATH | O_NOFOLLOW, &why);
	ssize_t len = fd < 0 ? -1 : readlinkat(fd, "", ret, size - 1);

	ret[len > 0 ? len : 0] = '\0';
	return len > 0 ? (size_t)len : 0;
}
