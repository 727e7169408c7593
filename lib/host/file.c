#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"

/* O_NOATIME is for the owner and CAP_FOWNER: without either, reading is all
 * the same allowed, and the time stamp is not ours to keep. */
static int
open_quietly(const char *path)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = open(path, flags);
	return fd;
}

int
firn_file_reopen(int path_fd, struct stat *st, struct firn_err *err)
{
	autoclose int fd = -1;
	struct stat again;
	char link[32];

	if (fstat(path_fd, st) < 0)
		return firn_err_sys(err, "stat");
	if (!S_ISREG(st->st_mode))
		return firn_err_set(err, S_ISLNK(st->st_mode) ? ELOOP : EINVAL,
				    "not a regular file");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	fd = open_quietly(link);
	if (fd < 0)
		return firn_err_sys(err, "open for reading");
	if (fstat(fd, &again) < 0)
		return firn_err_sys(err, "stat");
	if (again.st_dev != st->st_dev || again.st_ino != st->st_ino ||
	    !S_ISREG(again.st_mode))
		return firn_err_set(err, ESTALE,
				    "was exchanged while it was opened");
	*st = again;
	return firn_steal_fd(&fd);
}

int
firn_file_open(int dir_fd, const char *name, struct stat *st,
	       struct firn_err *err)
{
	autoclose int path_fd = -1;
	int fd;

	path_fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (path_fd < 0)
		return firn_err_sys(err, "open %s", name);
	fd = firn_file_reopen(path_fd, st, err);
	return fd < 0 ? firn_err_in(err, "%s", name) : fd;
}

/* statfs(2), f_type. */
bool
firn_file_waits(int fd)
{
	static const unsigned servers[] = {
		0x65735546, /* fuse, virtiofs */
		0x00006969, /* nfs */
		0x01021997, /* 9p */
		0x0000517b, /* smb */
		0xff534d42, /* cifs */
		0xfe534d42, /* smb2 */
		0x00c36400, /* ceph */
		0x5346414f, /* afs */
		0x00000187, /* autofs */
		0x73757245, /* coda */
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		if ((unsigned)fs.f_type == servers[i])
			return true;
	}
	return false;
}

static int
resolve(int dir_fd, const char *path, int flags, uint64_t how,
	struct firn_err *err)
{
	struct open_how open_how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = how | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if ((flags & O_PATH) == 0)
		open_how.flags |= O_NOCTTY;
	/* EAGAIN: something was renamed meanwhile; openat2(2) says to retry. */
	for (int tries = 0; tries < 32; tries++) {
		fd = syscall(SYS_openat2, dir_fd, path, &open_how,
			     sizeof(open_how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd < 0)
		return firn_err_sys(err, "open %s", path);
	return (int)fd;
}

int
firn_file_beneath(int dir_fd, const char *path, int flags, struct firn_err *err)
{
	return resolve(dir_fd, path, flags,
		       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
		       err);
}

int
firn_file_in_root(int root_fd, const char *path, int flags,
		  struct firn_err *err)
{
	return resolve(root_fd, path, flags, RESOLVE_IN_ROOT, err);
}

const char *
firn_file_type(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "folder";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	default:
		return "unknown";
	}
}
