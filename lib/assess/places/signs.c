#include "assess/places/signs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "host/file.h"
#include "host/proc.h"

/* The writable layer has the same file under the same path. */
static bool
is_changed(const struct firn_target *target, const struct statx *st,
	   const char *path)
{
	const char *folder = target->rootfs.upper;
	autoclose int upper_fd = -1, fd = -1;
	struct firn_err why = { 0 };
	struct stat upper;

	if (folder == NULL || path[0] != '/' ||
	    makedev(st->stx_dev_major, st->stx_dev_minor) !=
		    target->rootfs.device)
		return false;
	upper_fd = firn_host_file(target->host, folder, O_PATH | O_DIRECTORY,
				  &why);
	if (upper_fd < 0)
		return false;
	fd = firn_file_beneath(upper_fd, path + 1, O_PATH | O_NOFOLLOW, &why);
	return fd >= 0 && fstat(fd, &upper) == 0 && S_ISREG(upper.st_mode) &&
	       (uint64_t)upper.st_size == st->stx_size &&
	       upper.st_mtim.tv_sec == st->stx_mtime.tv_sec &&
	       (uint32_t)upper.st_mtim.tv_nsec == st->stx_mtime.tv_nsec;
}

static bool
is_in_memory(const struct firn_mounts *mounts, const struct statx *st)
{
	const struct firn_mount *mount =
		firn_mounts_device(mounts, makedev(st->stx_dev_major,
						   st->stx_dev_minor));

	return mount != NULL && (strcmp(mount->fstype, "tmpfs") == 0 ||
				 strcmp(mount->fstype, "ramfs") == 0);
}

const char *
firn_sign_of(const struct firn_target *target, const struct firn_mounts *mounts,
	     pid_t pid)
{
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	char path[4096];
	struct statx st;

	fd = firn_proc_open(target->host, pid, "exe", O_PATH, &why);
	if (fd < 0 ||
	    firn_proc_link(target->host, pid, "exe", path, sizeof(path), &why) <
		    0 ||
	    statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
		  &st) < 0)
		return NULL;
	if (st.stx_nlink == 0 && strncmp(path, "/memfd:", 7) == 0)
		return "the intruder: its process runs from memory only";
	if (st.stx_nlink == 0)
		return "the intruder: its process runs a file that was deleted";
	if (is_in_memory(mounts, &st))
		return "the intruder: its process runs a file on a tmpfs";
	if (is_changed(target, &st, path))
		return "the intruder: its process runs a file that was put "
		       "into the container";
	return NULL;
}
