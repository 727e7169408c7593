#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/queues/peek.h"

static void
describe(int fd, int self_fd, struct firn_peek_flying *ret)
{
	struct statx st;
	char name[16];
	ssize_t len;

	snprintf(name, sizeof(name), "%d", fd);
	len = readlinkat(self_fd, name, ret->link, sizeof(ret->link));
	ret->link_len = len < 0 ? 0 : (size_t)len;
	ret->flags = (uint32_t)fcntl(fd, F_GETFL);
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
		  &st) < 0) {
		ret->unknown = true;
		return;
	}
	ret->mode = st.stx_mode;
	ret->device_major = st.stx_dev_major;
	ret->device_minor = st.stx_dev_minor;
	ret->inode = st.stx_ino;
	ret->size = st.stx_size;
}

void
firn_peek_describe(const int *fds, size_t n, const uint64_t *at, int self_fd,
		   struct firn_peeked *ret)
{
	for (size_t i = 0; i < n; i++) {
		struct firn_peek_flying *one = &ret->flying[ret->n_flying++];

		*one = (struct firn_peek_flying){ .at = at[i] };
		describe(fds[i], self_fd, one);
	}
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}
