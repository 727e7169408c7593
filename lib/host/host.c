#include "firn/host.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "host/file.h"

int
firn_host_open(struct firn_host *host, const char *root, struct firn_err *err)
{
	autoclose int root_fd = -1, proc_fd = -1;

	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return firn_err_sys(err, "open the host's root %s", root);
	proc_fd = firn_file_in_root(root_fd, "proc", O_PATH | O_DIRECTORY, err);
	if (proc_fd < 0)
		return firn_err_in(err, "the host's root %s", root);
	host->root_fd = firn_steal_fd(&root_fd);
	host->proc_fd = firn_steal_fd(&proc_fd);
	return 0;
}

void
firn_host_close(struct firn_host *host)
{
	firn_auto_close(&host->root_fd);
	firn_auto_close(&host->proc_fd);
	host->root_fd = host->proc_fd = -1;
}

int
firn_host_file(const struct firn_host *host, const char *path, int flags,
	       struct firn_err *err)
{
	return firn_file_in_root(host->root_fd, path, flags, err);
}

static int
open_whole(const struct firn_host *host, const char *path, struct firn_err *err)
{
	autoclose int path_fd = -1, fd = -1;
	struct stat st;

	path_fd = firn_host_file(host, path, O_PATH, err);
	if (path_fd < 0)
		return -1;
	fd = firn_file_reopen(path_fd, &st, err);
	return fd < 0 ? firn_err_in(err, "open %s", path) : firn_steal_fd(&fd);
}

int
firn_host_read(const struct firn_host *host, const char *path, size_t max,
	       char **ret, size_t *ret_len, struct firn_err *err)
{
	autoclose int fd = open_whole(host, path, err);

	if (fd < 0)
		return -1;
	return firn_read_fd(fd, path, max, ret, ret_len, err);
}

int
firn_host_read_secret(const struct firn_host *host, const char *path,
		      size_t max, struct firn_secret *secret,
		      struct firn_err *err)
{
	autoclose int fd = open_whole(host, path, err);

	if (fd < 0)
		return -1;
	return firn_secret_read_fd(secret, fd, path, max, err);
}
