#include "respond/outbox/box.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/auto.h"
#include "host/own_folder.h"

int
firn_box_open(struct firn_box *ret, const char *path, struct firn_err *err)
{
	autobox struct firn_box box = FIRN_BOX_CLOSED;

	box.dir_fd = firn_own_folder(AT_FDCWD, path, err);
	if (box.dir_fd < 0)
		return -1;
	box.tmp_fd = firn_own_folder(box.dir_fd, "tmp", err);
	if (box.tmp_fd < 0)
		return -1;
	box.done_fd = firn_own_folder(box.dir_fd, "done", err);
	if (box.done_fd < 0)
		return -1;
	box.failed_fd = firn_own_folder(box.dir_fd, "failed", err);
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
