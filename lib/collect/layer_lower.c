#include "collect/layer_lower.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "host/file.h"

int
firn_lowers_open(struct firn_lowers *ret, const struct firn_host *host,
		 char *const *paths, size_t n, struct firn_err *err)
{
	ret->fds = calloc(n + 1, sizeof(*ret->fds));
	if (ret->fds == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		int fd = firn_host_file(host, paths[i], O_PATH | O_DIRECTORY,
					err);

		if (fd < 0)
			return firn_err_in(err, "the lower layer");
		ret->fds[ret->n++] = fd;
	}
	return 0;
}

void
firn_lowers_close(struct firn_lowers *lowers)
{
	for (size_t i = 0; i < lowers->n; i++)
		close(lowers->fds[i]);
	free(lowers->fds);
	*lowers = (struct firn_lowers){ 0 };
}

bool
firn_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool
firn_is_opaque(int path_fd)
{
	static const char *const names[] = { "trusted.overlay.opaque",
					     "user.overlay.opaque" };
	char path[32], value[2];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	for (size_t i = 0; i < 2; i++) {
		if (getxattr(path, names[i], value, sizeof(value)) == 1 &&
		    value[0] == 'y')
			return true;
	}
	return false;
}

/* In one layer: 1 found, 0 not here, -1 not here and hidden further down. */
static int
find_in(int lower_fd, const char *path, struct stat *st, int *ret_fd)
{
	autoclose int fd = dup(lower_fd);
	char name[NAME_MAX + 1];
	bool opaque = false;

	while (*path != '\0') {
		size_t len = strcspn(path, "/");
		struct firn_err why;
		int next;

		if (len == 0 || len > NAME_MAX)
			return 0;
		memcpy(name, path, len);
		name[len] = '\0';
		path += len + (path[len] == '/');
		next = firn_file_beneath(fd, name, O_PATH | O_NOFOLLOW, &why);
		if (next < 0)
			return opaque ? -1 : 0;
		firn_auto_close(&fd);
		fd = next;
		if (fstat(fd, st) < 0 || firn_is_whiteout(st))
			return -1;
		if (*path == '\0')
			break;
		if (!S_ISDIR(st->st_mode))
			return -1;
		opaque |= firn_is_opaque(fd);
	}
	*ret_fd = firn_steal_fd(&fd);
	return 1;
}

int
firn_lowers_find(const struct firn_lowers *lowers, const char *path,
		 struct stat *st)
{
	for (size_t i = 0; i < lowers->n; i++) {
		int fd = -1, found = find_in(lowers->fds[i], path, st, &fd);

		if (found > 0)
			return fd;
		if (found < 0)
			return -1;
	}
	return -1;
}

int
firn_lower_digest(int path_fd, char ret[FIRN_SHA256_TEXT], struct firn_err *err)
{
	autoclose int fd = -1;
	autosha256 struct firn_sha256 sha = { 0 };
	autofree char *data = malloc(1 << 17);
	unsigned char digest[FIRN_SHA256];
	struct stat st;
	ssize_t n;

	if (data == NULL)
		return firn_err_nomem(err);
	fd = firn_file_reopen(path_fd, &st, err);
	if (fd < 0 || firn_sha256_start(&sha, err) < 0)
		return -1;
	while ((n = firn_read_some(fd, "a lower file", data, 1 << 17, err)) > 0)
		firn_sha256_add(&sha, data, (size_t)n);
	if (n < 0)
		return -1;
	firn_sha256_end(&sha, digest);
	firn_hex(digest, sizeof(digest), ret);
	return 0;
}
