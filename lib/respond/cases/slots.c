#include "respond/cases/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/own_folder.h"
#include "respond/cases/turn.h"

#define AGAIN_US 20000

/* 1, or 0 when another has it. */
static int
try(int dir_fd, const char *name, unsigned i, int *ret_fd, struct firn_err *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	autoclose int fd = -1;
	char file[256];

	snprintf(file, sizeof(file), "%s.%u", name, i);
	fd = openat(dir_fd, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return firn_err_sys(err, "open slot %s", file);
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0)
		return errno == EAGAIN || errno == EACCES || errno == EINTR
			       ? 0
			       : firn_err_sys(err, "lock slot %s", file);
	*ret_fd = firn_steal_fd(&fd);
	return 1;
}

int
firn_slot_take(const char *name, unsigned max, int *ret_fd,
	       struct firn_err *err)
{
	autoclose int dir_fd = -1;

	if (max == 0)
		return 0;
	dir_fd = firn_run_folder("slots", err);
	if (dir_fd < 0)
		return -1;
	for (;;) {
		for (unsigned i = 0; i < max; i++) {
			int taken = try(dir_fd, name, i, ret_fd, err);

			if (taken != 0)
				return taken < 0 ? -1 : 0;
		}
		usleep(AGAIN_US);
	}
}
