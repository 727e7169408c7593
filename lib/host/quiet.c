#include "host/quiet.h"

#include <fcntl.h>
#include <sys/mount.h>

#include "base/auto.h"

int
firn_quiet(int dir_fd, struct firn_err *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME |
			    MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID |
			    MOUNT_ATTR_NOEXEC,
		.attr_clr = MOUNT_ATTR__ATIME,
	};
	autoclose int fd =
		open_tree(dir_fd, "",
			  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (fd < 0)
		return firn_err_sys(err, "copy its mount");
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return firn_err_sys(err, "forbid access times");
	return firn_steal_fd(&fd);
}
