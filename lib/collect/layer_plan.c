#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "collect/layer_entry.h"
#include "evidence/tar.h"
#include "host/file.h"

/*
 * layer_plan -- the walk: breadth first, one open folder at a time, so that
 * neither descriptors nor the stack bound how deep it may be.
 */

/* A folder to walk; its handle and path follow. */
struct folder {
	uint32_t handle_len, path_len;
	bool added; /* nothing of it is in a lower layer */
};

void
firn_layer_gap(const struct firn_layer *layer, const char *path, size_t len,
	       const struct firn_err *why)
{
	autofree char *shown = firn_escape(path, len);
	char what[FIRN_ERR_TEXT];

	snprintf(what, sizeof(what), "%s: /%s", layer->label,
		 shown != NULL ? shown : "?");
	firn_archive_gap(layer->archive, layer->collector, what, why);
}

/* --- handles ---------------------------------------------------------------
 */

union handle {
	struct file_handle handle;
	unsigned char bytes[FIRN_HANDLE_MAX];
};

size_t
firn_layer_handle(int path_fd, unsigned char ret[FIRN_HANDLE_MAX])
{
	union handle handle = { .handle.handle_bytes =
					FIRN_HANDLE_MAX -
					sizeof(struct file_handle) };
	int mount_id;

	if (name_to_handle_at(path_fd, "", &handle.handle, &mount_id,
			      AT_EMPTY_PATH) < 0)
		return 0;
	memcpy(ret, handle.bytes, FIRN_HANDLE_MAX);
	return sizeof(struct file_handle) + handle.handle.handle_bytes;
}

int
firn_layer_open(const struct firn_layer *layer, const unsigned char *handle,
		size_t handle_len, const char *path, struct firn_err *err)
{
	union handle copy = { 0 };
	int fd;

	if (handle_len == 0)
		return firn_file_beneath(layer->root_fd, path,
					 O_PATH | O_NOFOLLOW, err);
	memcpy(copy.bytes, handle, handle_len);
	fd = open_by_handle_at(layer->mount_fd, &copy.handle,
			       O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EPERM) /* no CAP_DAC_READ_SEARCH */
		return firn_file_beneath(layer->root_fd, path,
					 O_PATH | O_NOFOLLOW, err);
	return fd < 0 ? firn_err_sys(err, "open it again") : fd;
}

/* --- the walk --------------------------------------------------------------
 */

static int
add_folder(struct firn_layer *layer, int path_fd, const char *path, bool added,
	   struct firn_err *err)
{
	unsigned char handle[FIRN_HANDLE_MAX];
	struct folder folder = {
		.handle_len = (uint32_t)firn_layer_handle(path_fd, handle),
		.path_len = (uint32_t)strlen(path),
		.added = added,
	};

	if (firn_spool_add(&layer->folders, &folder, sizeof(folder), err) < 0 ||
	    firn_spool_add(&layer->folders, handle, folder.handle_len, err) < 0)
		return -1;
	return firn_spool_add(&layer->folders, path, folder.path_len, err);
}

static int
visit(struct firn_layer *layer, int dir_fd, const char *folder_path,
      bool parent_added, const char *name, struct firn_err *err)
{
	autofree char *path = NULL;
	autoclose int fd = -1;
	struct firn_err why = { 0 };
	struct firn_layer_entry entry = {
		.layer = layer,
		.parent_added = parent_added,
	};

	if (asprintf(&path, "%s%s%s", folder_path,
		     folder_path[0] != '\0' ? "/" : "", name) < 0) {
		path = NULL;
		return firn_err_nomem(err);
	}
	fd = firn_file_beneath(dir_fd, name, O_PATH | O_NOFOLLOW, &why);
	/* A root that is no overlay has other mounts in it; they are the
	 * mounts collector's. */
	if (fd < 0 && why.code == EXDEV && !layer->overlay)
		return 0;
	if (fd < 0) {
		firn_layer_gap(layer, path, strlen(path), &why);
		return 0;
	}
	entry.path = path;
	entry.path_fd = fd;
	if (firn_layer_entry_add(&entry, err) < 0)
		return -1;
	if (!S_ISDIR(entry.st.stx_mode))
		return 0;
	return add_folder(layer, fd, path, entry.added || entry.opaque, err);
}

static int
walk_folder(struct firn_layer *layer, int path_fd, const char *path, bool added,
	    struct firn_err *err)
{
	autodir DIR *dir = NULL;
	struct firn_err why = { 0 };
	int fd = openat(path_fd, ".",
			O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		firn_err_sys(&why, "read the folder");
		firn_auto_close(&fd);
		firn_layer_gap(layer, path, strlen(path), &why);
		return 0;
	}
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			break;
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (visit(layer, fd, path, added, entry->d_name, err) < 0)
			return -1;
	}
	if (errno != 0) {
		firn_err_sys(&why, "read the folder to its end");
		firn_layer_gap(layer, path, strlen(path), &why);
	}
	return 0;
}

static int
next_folder(struct firn_layer *layer, struct firn_err *err)
{
	struct folder folder;
	unsigned char handle[FIRN_HANDLE_MAX];
	autofree char *path = NULL;
	autoclose int fd = -1;
	struct firn_err why = { 0 };
	uint64_t at = layer->folders_read;

	if (firn_spool_read(&layer->folders, at, &folder, sizeof(folder), err) <
	    0)
		return -1;
	at += sizeof(folder);
	path = calloc(1, (size_t)folder.path_len + 1);
	if (path == NULL)
		return firn_err_nomem(err);
	if (firn_spool_read(&layer->folders, at, handle, folder.handle_len,
			    err) < 0 ||
	    firn_spool_read(&layer->folders, at + folder.handle_len, path,
			    folder.path_len, err) < 0)
		return -1;
	layer->folders_read = at + folder.handle_len + folder.path_len;
	fd = firn_layer_open(layer, handle, folder.handle_len, path, &why);
	if (fd < 0) {
		firn_layer_gap(layer, path, folder.path_len, &why);
		return 0;
	}
	return walk_folder(layer, fd, path, folder.added, err);
}

int
firn_layer_plan(struct firn_layer *layer, struct firn_err *err)
{
	layer->planned = true;
	layer->plan = firn_spool_init(AT_FDCWD);
	layer->folders = firn_spool_init(AT_FDCWD);
	layer->size = FIRN_TAR_END;
	layer->mount_fd =
		openat(layer->root_fd, ".",
		       O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);
	if (layer->mount_fd < 0)
		return firn_err_sys(err, "open %s", layer->label);
	if (walk_folder(layer, layer->root_fd, "", false, err) < 0)
		return -1;
	while (layer->folders_read < layer->folders.size) {
		if (next_folder(layer, err) < 0)
			return -1;
	}
	return 0;
}

void
firn_layer_free(struct firn_layer *layer)
{
	firn_lowers_close(&layer->lowers);
	if (!layer->planned)
		return;
	firn_auto_close(&layer->mount_fd);
	firn_spool_free(&layer->plan);
	firn_spool_free(&layer->folders);
	firn_layer_links_free(&layer->links);
}
