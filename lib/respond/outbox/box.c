#include "respond/outbox/box.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

/* A folder that others can write could be given anything to deliver. */
static int
open_folder(int dir_fd, const char *path, struct firn_err *err)
{
	autoclose int fd = -1;
	struct stat st;

	mkdirat(dir_fd, path, 0700);
	fd = openat(dir_fd, path,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "open %s", path);
	if (st.st_uid != geteuid() || (st.st_mode & 07077) != 0)
		return firn_err_set(err, EPERM,
				    "%s is not ours alone: look at it, then "
				    "chown root and chmod 0700",
				    path);
	return firn_steal_fd(&fd);
}

int
firn_box_open(struct firn_box *ret, const char *path, struct firn_err *err)
{
	autobox struct firn_box box = FIRN_BOX_CLOSED;

	box.dir_fd = open_folder(AT_FDCWD, path, err);
	if (box.dir_fd < 0)
		return -1;
	box.tmp_fd = open_folder(box.dir_fd, "tmp", err);
	if (box.tmp_fd < 0)
		return -1;
	box.done_fd = open_folder(box.dir_fd, "done", err);
	if (box.done_fd < 0)
		return -1;
	box.failed_fd = open_folder(box.dir_fd, "failed", err);
	if (box.failed_fd < 0)
		return -1;
	*ret = box;
	box = (struct firn_box)FIRN_BOX_CLOSED;
	return 0;
}

void
firn_box_close(struct firn_box *box)
{
	firn_auto_close(&box->dir_fd);
	firn_auto_close(&box->tmp_fd);
	firn_auto_close(&box->done_fd);
	firn_auto_close(&box->failed_fd);
	*box = (struct firn_box)FIRN_BOX_CLOSED;
}

int
firn_box_move(const struct firn_box *box, const char *name, int to_fd,
	      struct firn_err *err)
{
	if (renameat(box->dir_fd, name, to_fd, name) < 0)
		return firn_err_sys(err, "move %s of the outbox", name);
	return 0;
}
