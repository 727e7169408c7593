#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

struct firn_spool
firn_spool_init(int dir_fd)
{
	return (struct firn_spool){ .dir_fd = dir_fd, .fd = -1 };
}

void
firn_spool_free(struct firn_spool *spool)
{
	free(spool->memory);
	firn_auto_close(&spool->fd);
	*spool = firn_spool_init(spool->dir_fd);
}

/* A file that has no name from the start; where the filesystem has no
 * O_TMPFILE, one that loses its name at once. */
static int
nameless(int dir_fd, struct firn_err *err)
{
	static const char name[] = ".firn-spool";
	int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	fd = openat(dir_fd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return firn_err_sys(err, "make a spool file");
	if (unlinkat(dir_fd, name, 0) < 0) {
		firn_err_sys(err, "unlink the spool file");
		close(fd);
		return -1;
	}
	return fd;
}

static int
open_file(struct firn_spool *spool, struct firn_err *err)
{
	autoclose int own = -1;
	int dir_fd = spool->dir_fd;

	if (dir_fd == AT_FDCWD) {
		own = open("/run/firn", O_DIRECTORY | O_PATH | O_CLOEXEC);
		if (own < 0)
			own = open("/tmp", O_DIRECTORY | O_PATH | O_CLOEXEC);
		if (own < 0)
			return firn_err_sys(err, "open /run/firn or /tmp");
		dir_fd = own;
	}
	spool->fd = nameless(dir_fd, err);
	return spool->fd < 0 ? -1 : 0;
}

static int
flush(struct firn_spool *spool, struct firn_err *err)
{
	if (spool->fd < 0 && open_file(spool, err) < 0)
		return -1;
	if (firn_write_all(spool->fd, "the spool file", spool->memory,
			   spool->buffered, err) < 0)
		return -1;
	spool->buffered = 0;
	return 0;
}

int
firn_spool_add(struct firn_spool *spool, const void *data, size_t len,
	       struct firn_err *err)
{
	const char *bytes = data;

	if (spool->memory == NULL)
		spool->memory = malloc(FIRN_SPOOL_MEMORY);
	if (spool->memory == NULL)
		return firn_err_nomem(err);
	while (len > 0) {
		size_t room = FIRN_SPOOL_MEMORY - spool->buffered;
		size_t part = len < room ? len : room;

		memcpy(spool->memory + spool->buffered, bytes, part);
		spool->buffered += part;
		spool->size += part;
		bytes += part;
		len -= part;
		if (spool->buffered == FIRN_SPOOL_MEMORY &&
		    flush(spool, err) < 0)
			return -1;
	}
	return 0;
}

ssize_t
firn_spool_read(const struct firn_spool *spool, uint64_t offset, void *data,
		size_t size, struct firn_err *err)
{
	uint64_t in_file = spool->size - spool->buffered;
	ssize_t n;

	if (offset >= spool->size)
		return 0;
	if (offset >= in_file) {
		size_t at = (size_t)(offset - in_file);
		size_t part = spool->buffered - at;

		if (part > size)
			part = size;
		memcpy(data, spool->memory + at, part);
		return (ssize_t)part;
	}
	if (size > in_file - offset)
		size = (size_t)(in_file - offset);
	do
		n = pread(spool->fd, data, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return firn_err_sys(err, "read the spool file");
	if (n == 0)
		return firn_err_set(err, EIO, "the spool file was cut");
	return n;
}
