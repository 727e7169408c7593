#include "host/own_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

int
firn_own_folder_open(int dir_fd, const char *name, struct firn_err *err)
{
	autoclose int fd = -1;
	struct stat st;

	fd = openat(dir_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "open folder %s", name);
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return firn_err_set(err, EPERM,
				    "folder %s can be written by others: not a "
				    "place for what firn keeps; remove it",
				    name);
	return firn_steal_fd(&fd);
}

int
firn_own_folder(int dir_fd, const char *name, struct firn_err *err)
{
	if (mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST)
		return firn_err_sys(err, "make folder %s", name);
	return firn_own_folder_open(dir_fd, name, err);
}
