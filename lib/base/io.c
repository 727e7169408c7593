#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/secret.h"

int
firn_own_file(int dir_fd, const char *name, int flags, struct firn_err *err)
{
	autoclose int fd = -1;
	struct stat st;

	/* O_NONBLOCK: somebody may have put a FIFO there. */
	fd = openat(dir_fd, name,
		    flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		    0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "open %s", name);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 07777) != 0600 || st.st_nlink != 1)
		return firn_err_set(err, EPERM,
				    "%s is not a regular file of ours with "
				    "mode 0600: look at it, then move it away",
				    name);
	return firn_steal_fd(&fd);
}

ssize_t
firn_read_some(int fd, const char *what, void *data, size_t size,
	       struct firn_err *err)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, (char *)data + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return firn_err_sys(err, "read %s", what);
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

int
firn_read_fd(int fd, const char *what, size_t max, char **ret, size_t *ret_len,
	     struct firn_err *err)
{
	autofree char *data = NULL;
	size_t len = 0, size = 4096;

	for (;;) {
		char *grown = firn_secret_moved(data, len, size + 1);
		ssize_t n;

		if (grown == NULL)
			return firn_err_nomem(err);
		data = grown;
		n = firn_read_some(fd, what, data + len, size - len, err);
		if (n < 0)
			return -1;
		len += (size_t)n;
		if (len > max)
			return firn_err_set(err, EFBIG,
					    "%s is larger than %zu bytes", what,
					    max);
		if (len < size)
			break;
		size *= 2;
	}
	data[len] = '\0';
	*ret = firn_steal(data);
	if (ret_len != NULL)
		*ret_len = len;
	return 0;
}

int
firn_read_at(int dir_fd, const char *path, size_t max, char **ret,
	     size_t *ret_len, struct firn_err *err)
{
	autoclose int fd = -1;

	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return firn_err_sys(err, "open %s", path);
	return firn_read_fd(fd, path, max, ret, ret_len, err);
}

int
firn_write_all(int fd, const char *what, const void *data, size_t len,
	       struct firn_err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return firn_err_sys(err, "write %s", what);
		done += (size_t)n;
	}
	return 0;
}

int
firn_write_at(int dir_fd, const char *path, const char *text,
	      struct firn_err *err)
{
	autoclose int fd = -1;
	size_t len = strlen(text);
	ssize_t n;

	fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return firn_err_sys(err, "open %s", path);
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return firn_err_sys(err, "write \"%s\" to %s", text, path);
	if ((size_t)n != len)
		return firn_err_set(err, EIO, "write \"%s\" to %s: cut short",
				    text, path);
	return 0;
}

int
firn_finish(int *fd, const char *what, struct firn_err *err)
{
	int file = firn_steal_fd(fd);
	int synced = fsync(file);

	if (synced < 0 && (errno == EINVAL || errno == EROFS))
		synced = 0; /* a pipe or a terminal: fsync(2), ERRORS */
	if (synced < 0) {
		firn_err_sys(err, "sync %s", what);
		close(file);
		return -1;
	}
	if (close(file) < 0 && errno != EINTR)
		return firn_err_sys(err, "close %s", what);
	return 0;
}

bool
firn_is_decimal(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'),
					   &value))
			return false;
	}
	*ret = value;
	return true;
}
