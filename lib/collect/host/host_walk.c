#include "collect/host/host_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/file.h"
#include "host/quiet.h"

#define LINKS_MAX 16

int
firn_walk_begin(struct firn_walk *walk, const struct firn_host *host,
		struct firn_err *err)
{
	struct firn_err none = { 0 };

	*walk = (struct firn_walk){ .host = host };
	walk->quiet_fd = firn_quiet(host->root_fd, &none);
	return firn_mounts_read(host, 0, &walk->mounts, err);
}

void
firn_walk_end(struct firn_walk *walk)
{
	firn_mounts_free(&walk->mounts);
	firn_auto_close(&walk->quiet_fd);
}

int
firn_walk_stat(int dir_fd, const char *name, struct statx *ret)
{
	return statx(dir_fd, name,
		     AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT |
			     AT_STATX_DONT_SYNC |
			     (name[0] == '\0' ? AT_EMPTY_PATH : 0),
		     STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, ret);
}

/* Before Linux 5.8 a file doesn't tell its mount. */
bool
firn_walk_waits(const struct firn_walk *walk, const struct statx *st)
{
	if ((st->stx_mask & STATX_MNT_ID) == 0)
		return false;
	for (size_t i = 0; i < walk->mounts.n; i++)
		if ((uint64_t)walk->mounts.items[i].id == st->stx_mnt_id)
			return firn_mount_waits(walk->mounts.items[i].fstype);
	return true; /* it was mounted just now */
}

/* To copy a mount and let it go takes a while: what is on the root's own is
 * seen through one copy. */
static int
open_quietly(const struct firn_walk *walk, int dir_fd, const char *folder,
	     struct firn_err *err)
{
	struct firn_err none = { 0 };
	autoclose int fd = -1;
	struct stat st, there;

	if (walk->quiet_fd >= 0)
		fd = firn_file_in_root(walk->quiet_fd, folder,
				       O_PATH | O_DIRECTORY, &none);
	if (fd >= 0 && fstat(fd, &st) == 0 && fstat(dir_fd, &there) == 0 &&
	    st.st_dev == there.st_dev && st.st_ino == there.st_ino)
		return firn_steal_fd(&fd);
	return firn_quiet(dir_fd, err);
}

int
firn_walk_link(const struct firn_walk *walk, int dir_fd, const char *folder,
	       const char *name, char *ret, size_t size, struct firn_err *err)
{
	autoclose int quiet_fd = open_quietly(walk, dir_fd, folder, err);
	ssize_t len;

	if (quiet_fd < 0)
		return -1;
	len = readlinkat(quiet_fd, name, ret, size);
	if (len < 0)
		return firn_err_sys(err, "read the link %s", name);
	if ((size_t)len == size)
		return firn_err_set(err, ENAMETOOLONG, "the link %s", name);
	ret[len] = '\0';
	return 0;
}

/* A path that is being resolved: what lies before `done` is a folder, and no
 * link. */
struct path {
	char text[PATH_MAX];
	size_t done;
	unsigned links;
};

/* Put what a link says in its place. */
static int
follow(struct path *path, size_t end, const char *target, struct firn_err *err)
{
	char next[PATH_MAX];
	int len;

	if (++path->links > LINKS_MAX)
		return firn_err_set(err, ELOOP, "%s", path->text);
	len = snprintf(next, sizeof(next), "%.*s/%s%s",
		       target[0] == '/' ? 0 : (int)path->done, path->text,
		       target, path->text + end);
	if (len < 0 || (size_t)len >= sizeof(next))
		return firn_err_set(err, ENAMETOOLONG, "%s", path->text);
	memcpy(path->text, next, (size_t)len + 1);
	path->done = 0; /* from the root again: ".." may lead anywhere */
	return 0;
}

/* One name.  Returns a descriptor, -1, or -2 when a link was followed. */
static int
step(const struct firn_walk *walk, int dir_fd, struct path *path, size_t end,
     struct firn_err *err)
{
	autoclose int fd = -1;
	char name[NAME_MAX + 1], target[PATH_MAX], folder[PATH_MAX];
	size_t len = end - path->done - 1;
	struct statx st;

	if (len > NAME_MAX)
		return firn_err_set(err, ENAMETOOLONG, "%s", path->text);
	memcpy(name, path->text + path->done + 1, len);
	name[len] = '\0';
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open %s", path->text);
	if (firn_walk_stat(fd, "", &st) < 0)
		return firn_err_sys(err, "stat %s", path->text);
	if (firn_walk_waits(walk, &st))
		return firn_err_set(err, EREMOTE,
				    "%s: lies on a file server, which is not "
				    "asked",
				    path->text);
	if (!S_ISLNK(st.stx_mode))
		return firn_steal_fd(&fd);
	snprintf(folder, sizeof(folder), "%.*s/", (int)path->done, path->text);
	if (firn_walk_link(walk, dir_fd, folder, name, target, sizeof(target),
			   err) < 0 ||
	    follow(path, end, target, err) < 0)
		return -1;
	return -2;
}

/* ".." as text: nothing before it is a link. */
static void
go_up(struct path *path, size_t end)
{
	size_t up = path->done;

	while (up > 0 && path->text[--up] != '/')
		;
	memmove(path->text + up, path->text + end,
		strlen(path->text + end) + 1);
	path->done = 0;
}

static int
open_root(const struct firn_walk *walk, struct firn_err *err)
{
	int fd = openat(walk->host->root_fd, ".",
			O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? firn_err_sys(err, "open the host's root") : fd;
}

int
firn_walk_open(const struct firn_walk *walk, const char *path_text,
	       struct firn_err *err)
{
	autoclose int fd = open_root(walk, err);
	struct path path = { .done = 0 };
	struct statx st;

	if (fd < 0)
		return -1;
	if (strlen(path_text) >= sizeof(path.text))
		return firn_err_set(err, ENAMETOOLONG, "%s", path_text);
	strcpy(path.text, path_text);
	while (path.text[path.done] != '\0') {
		size_t len = strcspn(path.text + path.done + 1, "/");
		size_t end = path.done + 1 + len;
		const char *name = path.text + path.done + 1;
		int next = -2;

		if (len == 0 || (len == 1 && name[0] == '.')) {
			memmove(path.text + path.done, path.text + end,
				strlen(path.text + end) + 1);
			continue;
		}
		if (len == 2 && strncmp(name, "..", 2) == 0)
			go_up(&path, end);
		else
			next = step(walk, fd, &path, end, err);
		if (next == -1)
			return -1;
		path.done = next >= 0 ? end : 0;
		if (next < 0)
			next = open_root(walk, err);
		if (next < 0)
			return -1;
		close(fd);
		fd = next;
	}
	if (firn_walk_stat(fd, "", &st) < 0)
		return firn_err_sys(err, "stat %s", path_text);
	if (!S_ISDIR(st.stx_mode))
		return firn_err_set(err, ENOTDIR, "%s", path_text);
	return firn_steal_fd(&fd);
}
