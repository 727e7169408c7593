#include "host/borrow.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

int
firn_borrow(pid_t pid, pid_t tid, int fd, uint64_t inode, struct firn_err *err)
{
	autoclose int pid_fd = -1, ours = -1;
	struct statx st;

	pid_fd = (int)syscall(SYS_pidfd_open, tid,
			      tid == pid ? 0 : PIDFD_THREAD);
	if (pid_fd < 0)
		return firn_err_sys(err, "hold process %d", tid);
	ours = (int)syscall(SYS_pidfd_getfd, pid_fd, fd, 0);
	if (ours < 0)
		return firn_err_sys(err, "borrow descriptor %d of %d", fd, tid);
	/* A FIFO may lie on FUSE, whose server is not asked. */
	if (statx(ours, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO,
		  &st) < 0 ||
	    st.stx_ino != inode)
		return firn_err_set(err, ESTALE,
				    "descriptor %d of %d is another one by now",
				    fd, tid);
	return firn_steal_fd(&ours);
}
