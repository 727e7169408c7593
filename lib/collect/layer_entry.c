#include "collect/layer_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "host/file.h"

#define XATTRS_MAX (64 * 1024) /* XATTR_LIST_MAX */
#define N_XATTRS_MAX 512
/* A sparse file with more runs of data ends with one long run. */
#define EXTENTS_MAX 4096

/* What belongs to one entry while it is looked at. */
struct looking {
	struct firn_layer_entry *entry;
	struct firn_tar_entry tar;
	json_t *facts;
	struct firn_tar_xattr xattrs[N_XATTRS_MAX];
	char *names, *values[N_XATTRS_MAX];
	struct firn_tar_extent extents[EXTENTS_MAX];
	char *link; /* its target, or the first name of its inode */
	bool whiteout, metacopy;
};

static void
looking_free(struct looking **at)
{
	struct looking *looking = *at;

	if (looking == NULL)
		return;
	for (size_t i = 0; i < looking->tar.n_xattrs; i++)
		free(looking->values[i]);
	free(looking->names);
	free(looking->link);
	json_decref(looking->facts);
	free(looking);
}

static void
gap(const struct looking *looking, const struct firn_err *why)
{
	const char *path = looking->entry->path;

	firn_layer_gap(looking->entry->layer, path, strlen(path), why);
}

static struct timespec
time_of(struct statx_timestamp when)
{
	return (struct timespec){ .tv_sec = when.tv_sec,
				  .tv_nsec = when.tv_nsec };
}

/* --- extended attributes ------------------------------------------------- */

static const char *
overlay_name(const char *name)
{
	if (strncmp(name, "trusted.overlay.", 16) == 0)
		return name + 16;
	if (strncmp(name, "user.overlay.", 13) == 0)
		return name + 13;
	return NULL;
}

/* What overlayfs wrote is about the layer, not of the file. */
static void
take_overlay(struct looking *looking, const char *name, const char *value,
	     size_t len)
{
	if (strcmp(name, "opaque") == 0 && len == 1 && value[0] == 'y')
		looking->entry->opaque = true;
	else if (strcmp(name, "whiteout") == 0)
		looking->whiteout = true;
	else if (strcmp(name, "metacopy") == 0)
		looking->metacopy = true;
	else if (strcmp(name, "redirect") == 0)
		firn_json_bytes(looking->facts, "redirect", value, len);
}

static void
take_xattr(struct looking *looking, const char *path, const char *name,
	   json_t *list)
{
	char *value = malloc(XATTR_SIZE_MAX);
	struct firn_err why = { 0 };
	const char *own;
	ssize_t len;
	json_t *one;

	if (value == NULL)
		return;
	len = getxattr(path, name, value, XATTR_SIZE_MAX);
	if (len < 0) {
		firn_err_sys(&why, "read its attribute %s", name);
		gap(looking, &why);
		free(value);
		return;
	}
	own = looking->entry->layer->overlay ? overlay_name(name) : NULL;
	if (own != NULL) {
		take_overlay(looking, own, value, (size_t)len);
		free(value);
		return;
	}
	one = json_object();
	firn_json_text(one, "name", name);
	firn_json_bytes(one, "value", value, (size_t)len);
	json_array_append_new(list, one);
	looking->values[looking->tar.n_xattrs] = value;
	looking->xattrs[looking->tar.n_xattrs] =
		(struct firn_tar_xattr){ name, value, (size_t)len };
	looking->tar.n_xattrs++;
}

/* Through /proc/self/fd: a descriptor that was opened O_PATH can't be asked,
 * and this way no link is followed either. */
static void
take_xattrs(struct looking *looking)
{
	struct firn_err why = { 0 };
	json_t *list = json_array();
	char path[32];
	ssize_t len;

	looking->names = malloc(XATTRS_MAX);
	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 looking->entry->path_fd);
	len = looking->names == NULL
		      ? 0
		      : listxattr(path, looking->names, XATTRS_MAX);
	if (len < 0 && errno != ENOTSUP) {
		firn_err_sys(&why, "list its extended attributes");
		gap(looking, &why);
	}
	for (ssize_t at = 0; at < len;) {
		const char *name = looking->names + at;

		at += (ssize_t)strlen(name) + 1;
		if (looking->tar.n_xattrs == N_XATTRS_MAX) {
			firn_err_set(&why, E2BIG, "more than %d attributes",
				     N_XATTRS_MAX);
			gap(looking, &why);
			break;
		}
		take_xattr(looking, path, name, list);
	}
	looking->tar.xattrs = looking->xattrs;
	if (json_array_size(list) > 0)
		json_object_set(looking->facts, "xattrs", list);
	json_decref(list);
}

/* --- where a file's data is ---------------------------------------------- */

static void
find_extents(struct looking *looking, int fd)
{
	struct firn_tar_entry *tar = &looking->tar;
	off_t size = (off_t)tar->size, at = 0;

	while (at < size && tar->n_extents < EXTENTS_MAX) {
		off_t start = lseek(fd, at, SEEK_DATA), end;
		bool last = tar->n_extents == EXTENTS_MAX - 1;

		if (start < 0)
			break; /* ENXIO: nothing but holes from here on */
		end = last ? size : lseek(fd, start, SEEK_HOLE);
		if (end <= start || end > size)
			end = size;
		looking->extents[tar->n_extents++] =
			(struct firn_tar_extent){ (uint64_t)start,
						  (uint64_t)(end - start) };
		at = end;
	}
	tar->extents = looking->extents;
}

static void
look_for_holes(struct looking *looking)
{
	const struct statx *st = &looking->entry->st;
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	struct stat ignored;

	if (st->stx_size == 0 || st->stx_blocks * 512 >= st->stx_size ||
	    looking->metacopy)
		return;
	fd = firn_file_reopen(looking->entry->path_fd, &ignored, &why);
	if (fd >= 0)
		find_extents(looking, fd);
}

/* --- what kind of entry -------------------------------------------------- */

static int
take_link_text(struct looking *looking, struct firn_err *err)
{
	ssize_t len;

	looking->link = malloc(PATH_MAX + 1);
	if (looking->link == NULL)
		return firn_err_nomem(err);
	len = readlinkat(looking->entry->path_fd, "", looking->link, PATH_MAX);
	if (len < 0)
		return firn_err_sys(err, "read the link");
	looking->link[len] = '\0';
	looking->tar.link = looking->link;
	looking->tar.type = FIRN_TAR_SYMLINK;
	firn_json_bytes(looking->facts, "target", looking->link, (size_t)len);
	return 0;
}

static int
take_file(struct looking *looking, struct firn_err *err)
{
	const struct statx *st = &looking->entry->st;

	looking->tar.type = FIRN_TAR_FILE;
	looking->tar.size = st->stx_size;
	if (st->stx_nlink > 1) {
		if (firn_layer_link(looking->entry->layer, st->stx_ino,
				    looking->entry->path, &looking->link,
				    err) < 0)
			return -1;
		if (looking->link != NULL) {
			looking->tar.type = FIRN_TAR_HARDLINK;
			looking->tar.link = looking->link;
			looking->tar.size = 0;
			firn_json_text(looking->facts, "same_as",
				       looking->link);
			return 0;
		}
	}
	look_for_holes(looking);
	return 0;
}

/* Returns 0 where no tar can hold it: a socket. */
static int
take_type(struct looking *looking, struct firn_err *err)
{
	const struct statx *st = &looking->entry->st;

	looking->tar.major = st->stx_rdev_major;
	looking->tar.minor = st->stx_rdev_minor;
	switch (st->stx_mode & S_IFMT) {
	case S_IFREG:
		return take_file(looking, err) < 0 ? -1 : 1;
	case S_IFDIR:
		looking->tar.type = FIRN_TAR_FOLDER;
		return 1;
	case S_IFLNK:
		return take_link_text(looking, err) < 0 ? -1 : 1;
	case S_IFCHR:
		looking->tar.type = FIRN_TAR_CHAR;
		return 1;
	case S_IFBLK:
		looking->tar.type = FIRN_TAR_BLOCKDEV;
		return 1;
	case S_IFIFO:
		looking->tar.type = FIRN_TAR_FIFO;
		return 1;
	default:
		return 0;
	}
}

/* --- what has changed ----------------------------------------------------- */

static const char *
change_of(const struct looking *looking, const struct stat *lower, int lower_fd,
	  json_t *facts)
{
	const struct statx *st = &looking->entry->st;
	bool same = lower->st_mode == st->stx_mode &&
		    lower->st_uid == st->stx_uid &&
		    lower->st_gid == st->stx_gid;
	char digest[FIRN_SHA256_TEXT];
	struct firn_err why = { 0 };

	if ((lower->st_mode & S_IFMT) != (st->stx_mode & S_IFMT))
		return "changed";
	if (S_ISDIR(st->stx_mode))
		return looking->entry->opaque ? "replaced"
		       : same                 ? "copied up"
					      : "metadata";
	if (!S_ISREG(st->stx_mode))
		return "changed";
	if (firn_lower_digest(lower_fd, digest, &why) < 0)
		gap(looking, &why);
	else
		json_object_set_new(facts, "sha256", json_string(digest));
	/* When its contents are read, the digests say which it is. */
	return looking->metacopy ? "metadata" : "changed";
}

static void
compare(struct looking *looking)
{
	struct firn_layer_entry *entry = looking->entry;
	const char *change = "added";
	autoclose int lower_fd = -1;
	struct stat lower;

	if (!entry->layer->overlay)
		return;
	if (!entry->parent_added)
		lower_fd = firn_lowers_find(&entry->layer->lowers, entry->path,
					    &lower);
	entry->added = lower_fd < 0;
	if (looking->whiteout)
		change = "deleted";
	if (lower_fd >= 0) {
		json_t *facts = json_object();

		firn_json_text(facts, "type", firn_file_type(lower.st_mode));
		firn_json_uint(facts, "size", (uint64_t)lower.st_size);
		json_object_set_new(facts, "mode",
				    json_integer(lower.st_mode & 07777));
		firn_json_time(facts, "modified", lower.st_mtim);
		if (!looking->whiteout)
			change = change_of(looking, &lower, lower_fd, facts);
		else if (S_ISREG(lower.st_mode)) {
			char digest[FIRN_SHA256_TEXT];
			struct firn_err why = { 0 };

			if (firn_lower_digest(lower_fd, digest, &why) == 0)
				json_object_set_new(facts, "sha256",
						    json_string(digest));
			else
				gap(looking, &why);
		}
		json_object_set_new(looking->facts, "lower", facts);
	}
	json_object_set_new(looking->facts, "change", json_string(change));
}

/* --- into the plan -------------------------------------------------------- */

static void
take_facts(struct looking *looking)
{
	const struct statx *st = &looking->entry->st;
	json_t *facts = looking->facts;
	char device[32];

	firn_json_text(facts, "path", looking->entry->path);
	json_object_set_new(facts, "type",
			    json_string(firn_file_type(st->stx_mode)));
	json_object_set_new(facts, "mode", json_integer(st->stx_mode & 07777));
	json_object_set_new(facts, "uid", json_integer(st->stx_uid));
	json_object_set_new(facts, "gid", json_integer(st->stx_gid));
	firn_json_uint(facts, "size", st->stx_size);
	firn_json_uint(facts, "inode", st->stx_ino);
	firn_json_uint(facts, "links", st->stx_nlink);
	if (S_ISCHR(st->stx_mode) || S_ISBLK(st->stx_mode)) {
		snprintf(device, sizeof(device), "%u:%u", st->stx_rdev_major,
			 st->stx_rdev_minor);
		json_object_set_new(facts, "device", json_string(device));
	}
	firn_json_time(facts, "accessed", time_of(st->stx_atime));
	firn_json_time(facts, "modified", time_of(st->stx_mtime));
	firn_json_time(facts, "changed", time_of(st->stx_ctime));
	if ((st->stx_mask & STATX_BTIME) != 0)
		firn_json_time(facts, "born", time_of(st->stx_btime));
}

static void
take_owner(struct looking *looking)
{
	const struct statx *st = &looking->entry->st;

	looking->tar.path = looking->entry->path;
	looking->tar.mode = st->stx_mode & 07777;
	looking->tar.uid = st->stx_uid;
	looking->tar.gid = st->stx_gid;
	looking->tar.mtime = time_of(st->stx_mtime);
	looking->tar.atime = time_of(st->stx_atime);
	looking->tar.ctime = time_of(st->stx_ctime);
}

static int
plan(struct looking *looking, const struct firn_buf *header,
     const char *facts_text, struct firn_err *err)
{
	struct firn_layer *layer = looking->entry->layer;
	const struct firn_tar_entry *tar = &looking->tar;
	unsigned char handle[FIRN_HANDLE_MAX];
	struct firn_layer_item item = {
		.data = header->len > 0 ? firn_tar_data(tar) : 0,
		.size = looking->entry->st.stx_size,
		.inode = looking->entry->st.stx_ino,
		.header_len = (uint32_t)header->len,
		.path_len = (uint32_t)strlen(looking->entry->path),
		.facts_len = (uint32_t)strlen(facts_text),
		.n_extents = (uint32_t)tar->n_extents,
		.hashed = header->len > 0 && tar->type == FIRN_TAR_FILE &&
			  !looking->whiteout,
		.metacopy = looking->metacopy,
	};

	if (item.hashed)
		item.handle_len =
			(uint32_t)firn_layer_handle(looking->entry->path_fd,
						    handle);
	layer->n_entries++;
	layer->size +=
		item.header_len + item.data + firn_tar_padding(item.data);
	if (firn_spool_add(&layer->plan, &item, sizeof(item), err) < 0 ||
	    firn_spool_add(&layer->plan, header->data, item.header_len, err) <
		    0 ||
	    firn_spool_add(&layer->plan, handle, item.handle_len, err) < 0 ||
	    firn_spool_add(&layer->plan, looking->entry->path, item.path_len,
			   err) < 0 ||
	    firn_spool_add(&layer->plan, facts_text, item.facts_len, err) < 0)
		return -1;
	return firn_spool_add(&layer->plan, tar->extents,
			      sizeof(*tar->extents) * tar->n_extents, err);
}

/* "a/b/.wh.NAME", an empty file; `name` NULL: ".wh..wh..opq" below the path. */
static int
add_marker(const struct looking *looking, bool opaque, struct firn_buf *header,
	   struct firn_err *err)
{
	const char *path = looking->entry->path;
	const char *slash = strrchr(path, '/');
	int folder_len = slash != NULL ? (int)(slash - path) + 1 : 0;
	autofree char *marker = NULL;
	struct firn_tar_entry empty = {
		.type = FIRN_TAR_FILE,
		.mtime = looking->tar.mtime,
	};
	int len;

	len = opaque ? asprintf(&marker, "%s/.wh..wh..opq", path)
		     : asprintf(&marker, "%.*s.wh.%s", folder_len, path,
				path + folder_len);
	if (len < 0) {
		marker = NULL;
		return firn_err_nomem(err);
	}
	empty.path = marker;
	return firn_tar_header(&empty, header, err);
}

static int
make_header(struct looking *looking, struct firn_buf *header,
	    struct firn_err *err)
{
	int holds = take_type(looking, err);

	if (holds < 0)
		return -1;
	if (looking->whiteout) {
		looking->tar.type = FIRN_TAR_CHAR;
		return add_marker(looking, false, header, err);
	}
	if (holds == 0) {
		json_object_set_new(looking->facts, "not_in_tar", json_true());
		return 0;
	}
	if (firn_tar_header(&looking->tar, header, err) < 0)
		return -1;
	return looking->entry->opaque ? add_marker(looking, true, header, err)
				      : 0;
}

static int
look(struct looking *looking, struct firn_err *err)
{
	struct firn_layer_entry *entry = looking->entry;
	autobuf struct firn_buf header = { 0 };
	autofree char *facts = NULL;
	struct firn_err why = { 0 };

	take_owner(looking);
	take_facts(looking);
	take_xattrs(looking);
	if (entry->layer->overlay && S_ISCHR(entry->st.stx_mode) &&
	    entry->st.stx_rdev_major == 0 && entry->st.stx_rdev_minor == 0)
		looking->whiteout = true;
	if (make_header(looking, &header, &why) < 0) {
		gap(looking, &why);
		header.len = 0;
		looking->tar.n_extents = 0;
	}
	if (firn_buf_check(&header, err) < 0)
		return -1;
	compare(looking);
	facts = firn_json_line(looking->facts);
	if (facts == NULL)
		return firn_err_nomem(err);
	return plan(looking, &header, facts, err);
}

int
firn_layer_entry_add(struct firn_layer_entry *entry, struct firn_err *err)
{
	autodone(looking_free) struct looking *looking =
		calloc(1, sizeof(*looking));
	struct firn_err why = { 0 };

	if (looking == NULL)
		return firn_err_nomem(err);
	looking->entry = entry;
	looking->facts = json_object();
	if (statx(entry->path_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		  STATX_BASIC_STATS | STATX_BTIME, &entry->st) < 0) {
		firn_err_sys(&why, "statx");
		gap(looking, &why);
		return 0;
	}
	return look(looking, err);
}
