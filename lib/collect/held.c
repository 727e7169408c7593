#include "collect/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"

static int
stat_at(int dir_fd, const char *name, int flags, struct statx *ret)
{
	return statx(dir_fd, name, AT_STATX_DONT_SYNC | flags,
		     STATX_BASIC_STATS | STATX_BTIME, ret);
}

int
firn_held_stat(const struct firn_process *process, const char *name,
	       struct statx *ret, struct firn_err *err)
{
	if (stat_at(process->dir_fd, name, 0, ret) < 0)
		return firn_err_sys(err, "stat");
	return 0;
}

dev_t
firn_held_device(const struct statx *st)
{
	return makedev(st->stx_dev_major, st->stx_dev_minor);
}

bool
firn_held_is_file(const struct statx *st)
{
	return S_ISREG(st->stx_mode);
}

void
firn_held_identity(const struct statx *st, char ret[FIRN_IDENTITY])
{
	snprintf(ret, FIRN_IDENTITY, "%x:%x:%llx:%llx.%x", st->stx_dev_major,
		 st->stx_dev_minor, (unsigned long long)st->stx_ino,
		 (unsigned long long)st->stx_ctime.tv_sec,
		 st->stx_ctime.tv_nsec);
}

static bool
is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino &&
	       a->stx_dev_major == b->stx_dev_major &&
	       a->stx_dev_minor == b->stx_dev_minor;
}

static void
set_time(json_t *object, const char *key, const struct statx_timestamp *when)
{
	firn_json_time(object, key,
		       (struct timespec){ .tv_sec = when->tv_sec,
					  .tv_nsec = when->tv_nsec });
}

void
firn_held_facts(const struct firn_process *process, const struct statx *st,
		json_t *object)
{
	const char *filesystem = firn_held_filesystem(process, st);
	char text[32];

	snprintf(text, sizeof(text), "%u:%u", st->stx_dev_major,
		 st->stx_dev_minor);
	json_object_set_new(object, "device", json_string(text));
	if (filesystem[0] != '\0')
		firn_json_text(object, "filesystem", filesystem);
	firn_json_uint(object, "inode", st->stx_ino);
	firn_json_uint(object, "links", st->stx_nlink);
	firn_json_uint(object, "size", st->stx_size);
	snprintf(text, sizeof(text), "%04o", st->stx_mode & 07777u);
	json_object_set_new(object, "mode", json_string(text));
	firn_json_uint(object, "uid", st->stx_uid);
	firn_json_uint(object, "gid", st->stx_gid);
	set_time(object, "mtime", &st->stx_mtime);
	set_time(object, "ctime", &st->stx_ctime);
	set_time(object, "atime", &st->stx_atime);
	if ((st->stx_mask & STATX_BTIME) != 0)
		set_time(object, "born", &st->stx_btime);
}

const char *
firn_held_filesystem(const struct firn_process *process, const struct statx *st)
{
	const struct firn_reading *reading = process->reading;
	dev_t device = firn_held_device(st);
	const struct firn_mount *mount = NULL;

	if (device == reading->shmem)
		return "shmem";
	if (process->mounts != NULL)
		mount = firn_mounts_device(&process->mounts->mounts, device);
	if (mount == NULL)
		mount = firn_mounts_device(&reading->host_mounts, device);
	return mount != NULL ? mount->fstype : "";
}

/* The mount that a path of a process lies on; the last of those that are
 * mounted there is on top. */
static const struct firn_mount *
mount_of(const struct firn_process *process, const char *path)
{
	const struct firn_mounts *mounts = &process->mounts->mounts;
	const struct firn_mount *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < mounts->n; i++) {
		const char *point = mounts->items[i].point;
		size_t len = strlen(point);

		if (len == 1)
			len = 0; /* "/" is in front of every path */
		if (strncmp(path, point, len) != 0 ||
		    (path[len] != '/' && path[len] != '\0'))
			continue;
		if (len >= longest) {
			longest = len;
			best = &mounts->items[i];
		}
	}
	return best;
}

/* The path as the process itself would say it: what proc(5) shows begins at
 * the root of the mount namespace.  NULL if it is out of its reach. */
static const char *
within_root(const struct firn_process *process, const char *path)
{
	size_t len;

	if (process->root == NULL)
		return NULL;
	len = strlen(process->root);
	if (len == 1)
		return path;
	if (strncmp(path, process->root, len) != 0 || path[len] != '/')
		return NULL;
	return path + len;
}

enum found {
	SAME,
	OTHER,
	NOTHING,
	UNKNOWN
};

static enum found
look_up(struct firn_process *process, const struct statx *st, const char *path)
{
	const struct firn_mount *mount;
	autoclose int root_fd = -1, fd = -1;
	struct firn_err why = { 0 };
	struct statx there;

	path = within_root(process, path);
	if (path == NULL || path[0] != '/' || process->mounts == NULL)
		return UNKNOWN;
	mount = mount_of(process, path);
	if (mount == NULL || firn_mount_waits(mount->fstype))
		return UNKNOWN;
	root_fd = openat(process->dir_fd, "root",
			 O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return UNKNOWN;
	fd = firn_opener_lookup(&process->reading->opener, root_fd, path + 1,
				&why);
	if (fd < 0)
		return why.code == ENOENT || why.code == ENOTDIR ||
				       why.code == ELOOP
			       ? NOTHING
			       : UNKNOWN;
	if (stat_at(fd, "", AT_EMPTY_PATH, &there) < 0)
		return UNKNOWN;
	return is_same(st, &there) ? SAME : OTHER;
}

void
firn_held_name(struct firn_process *process, const struct statx *st,
	       const char *path, struct firn_held_name *ret)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(path), mark_len = sizeof(mark) - 1;
	autofree char *stripped = NULL;
	enum found found;

	*ret = (struct firn_held_name){ .deleted = st->stx_nlink == 0 };
	if (path[0] != '/' || firn_held_device(st) == process->reading->shmem)
		return;
	found = look_up(process, st, path);
	if (found == SAME)
		return;
	if (len <= mark_len || strcmp(path + len - mark_len, mark) != 0) {
		ret->replaced = found == OTHER;
		ret->hidden = found == NOTHING && !ret->deleted;
		ret->unknown = found == UNKNOWN;
		return;
	}
	stripped = strndup(path, len - mark_len);
	if (stripped == NULL)
		return;
	found = look_up(process, st, stripped);
	ret->deleted = found != SAME;
	ret->replaced = found == OTHER;
	ret->unknown = found == UNKNOWN;
}

int
firn_held_read(struct firn_process *process, const char *name,
	       const struct statx *st, struct firn_err *err)
{
	const char *filesystem = firn_held_filesystem(process, st);
	autoclose int path_fd = -1;
	struct statx now;

	if (!firn_held_is_file(st))
		return firn_err_set(err, EINVAL, "not a regular file");
	if (firn_mount_waits(filesystem))
		return firn_err_set(err, EOPNOTSUPP,
				    "not read: it is on %s, which may wait on "
				    "a server",
				    filesystem);
	path_fd = openat(process->dir_fd, name, O_PATH | O_CLOEXEC);
	if (path_fd < 0)
		return firn_err_sys(err, "open");
	if (stat_at(path_fd, "", AT_EMPTY_PATH, &now) < 0)
		return firn_err_sys(err, "stat");
	if (!is_same(st, &now))
		return firn_err_set(err, ESTALE, "is another file by now");
	return firn_opener_reopen(&process->reading->opener, path_fd, err);
}

/* A sparse file costs nothing to make, and hours to read; so do many. */
#define DIGEST_MAX ((uint64_t)1 << 30)
#define DIGEST_PART (256u << 10)
#define DIGESTS_MAX ((uint64_t)16 << 30)

static int
digest(struct firn_process *process, const char *name, const struct statx *st,
       unsigned char ret[FIRN_SHA256], struct firn_err *err)
{
	struct firn_reading *reading = process->reading;
	autosha256 struct firn_sha256 sha = { 0 };
	autoclose int fd = -1;
	uint64_t done = 0;
	ssize_t n;

	if (st->stx_size > DIGEST_MAX)
		return firn_err_set(err, EFBIG, "not hashed: %llu bytes",
				    (unsigned long long)st->stx_size);
	if (reading->digested > DIGESTS_MAX)
		return firn_err_set(err, EFBIG,
				    "not hashed: %llu bytes of others were",
				    (unsigned long long)reading->digested);
	fd = firn_held_read(process, name, st, err);
	if (fd < 0 || firn_sha256_start(&sha, err) < 0)
		return -1;
	while ((n = firn_read_some(fd, name, reading->buffer, DIGEST_PART,
				   err)) > 0) {
		firn_sha256_add(&sha, reading->buffer, (size_t)n);
		done += (uint64_t)n;
		reading->digested += (uint64_t)n;
		if (done > DIGEST_MAX)
			return firn_err_set(err, EFBIG, "grows");
	}
	if (n < 0)
		return -1;
	firn_sha256_end(&sha, ret);
	return 0;
}

const char *
firn_held_digest(struct firn_process *process, const char *name,
		 const struct statx *st)
{
	json_t *digests = process->reading->digests, *known;
	char identity[FIRN_IDENTITY], text[FIRN_SHA256_TEXT];
	unsigned char sum[FIRN_SHA256];
	struct firn_err why = { 0 };

	firn_held_identity(st, identity);
	known = json_object_get(digests, identity);
	if (known != NULL)
		return json_string_value(known);
	if (digest(process, name, st, sum, &why) < 0) {
		json_object_set_new(digests, identity, json_null());
		firn_process_lost(process, name, &why);
		return NULL;
	}
	firn_hex(sum, sizeof(sum), text);
	json_object_set_new(digests, identity, json_string(text));
	return json_string_value(json_object_get(digests, identity));
}
