#include "evidence/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

/* Allocated at a time: a system call for every sixteen frames. */
#define AHEAD (16 << 20)

static int
open_folder(struct firn_output *output, struct firn_err *err)
{
	char folder[PATH_MAX] = ".";
	char *slash = strrchr(output->path, '/');

	output->name = slash != NULL ? slash + 1 : output->path;
	if (slash != NULL && snprintf(folder, sizeof(folder), "%.*s/",
				      (int)(slash - output->path),
				      output->path) >= (int)sizeof(folder))
		return firn_err_set(err, ENAMETOOLONG, "%s", output->path);
	if (*output->name == '\0')
		return firn_err_set(err, EISDIR, "%s", output->path);
	output->dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (output->dir_fd < 0)
		return firn_err_sys(err, "open %s", folder);
	return 0;
}

static const char *
partial_name(const struct firn_output *output)
{
	return output->partial + (output->name - output->path);
}

static int
refuse_existing(const struct firn_output *output, const char *name,
		struct firn_err *err)
{
	struct stat st;

	if (fstatat(output->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return firn_err_set(err, EEXIST, "%s is there already",
			    name == output->name ? output->path
						 : output->partial);
}

static int
create_file(struct firn_output *output, struct firn_err *err)
{
	if (open_folder(output, err) < 0 ||
	    refuse_existing(output, output->name, err) < 0)
		return -1;
	output->fd = openat(output->dir_fd, partial_name(output),
			    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			    0600);
	if (output->fd < 0)
		return firn_err_sys(err, "create %s", output->partial);
	if (fsync(output->dir_fd) < 0)
		return firn_err_sys(err, "sync the folder of %s",
				    output->partial);
	return 0;
}

static int
name_file(struct firn_output *output, const char *path, struct firn_err *err)
{
	output->path = strdup(path);
	if (output->path == NULL ||
	    asprintf(&output->partial, "%s.partial", path) < 0) {
		output->partial = NULL;
		return firn_err_nomem(err);
	}
	return 0;
}

int
firn_output_probe(const char *path, struct firn_err *err)
{
	autodone(firn_output_close) struct firn_output output = {
		.fd = -1,
		.dir_fd = -1,
	};

	if (name_file(&output, path, err) < 0 ||
	    open_folder(&output, err) < 0 ||
	    refuse_existing(&output, output.name, err) < 0 ||
	    refuse_existing(&output, partial_name(&output), err) < 0)
		return -1;
	if (faccessat(output.dir_fd, ".", W_OK, AT_EACCESS) < 0)
		return firn_err_sys(err, "write in the folder of %s", path);
	return 0;
}

int
firn_output_open(struct firn_output *ret, const char *path, int fd,
		 struct firn_err *err)
{
	*ret = (struct firn_output){ .fd = -1, .dir_fd = -1 };
	if (path != NULL)
		return name_file(ret, path, err) < 0 ? -1
						     : create_file(ret, err);
	ret->path = strdup("-");
	ret->partial = strdup("-");
	if (ret->path == NULL || ret->partial == NULL)
		return firn_err_nomem(err);
	ret->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (ret->fd < 0)
		return firn_err_sys(err, "use descriptor %d", fd);
	return 0;
}

void
firn_output_close(struct firn_output *output)
{
	firn_auto_close(&output->fd);
	firn_auto_close(&output->dir_fd);
	free(output->path);
	free(output->partial);
	*output = (struct firn_output){ .fd = -1, .dir_fd = -1 };
}

void
firn_output_discard(struct firn_output *output)
{
	if (output->dir_fd >= 0 && output->fd >= 0)
		unlinkat(output->dir_fd, partial_name(output), 0);
}

static bool
says_full(int code)
{
	return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

bool
firn_output_is_full(const struct firn_output *output,
		    const struct firn_err *err)
{
	return output->dir_fd >= 0 && says_full(err->code);
}

static int
allocate(struct firn_output *output, uint64_t until)
{
	int done;

	do
		done = fallocate(output->fd, FALLOC_FL_KEEP_SIZE,
				 (off_t)output->allocated,
				 (off_t)(until - output->allocated));
	while (done < 0 && errno == EINTR);
	if (done == 0)
		output->allocated = until;
	return done;
}

/* On the last blocks, ask for what is needed and no more. */
static int
make_room(struct firn_output *output, size_t len, struct firn_err *err)
{
	uint64_t need = output->offset + len + output->reserve;

	if (output->dir_fd < 0 || output->unallocated ||
	    need <= output->allocated || allocate(output, need + AHEAD) == 0)
		return 0;
	if (says_full(errno) && allocate(output, need) == 0)
		return 0;
	if (says_full(errno))
		return firn_err_sys(err, "make room for %s", output->partial);
	output->unallocated = true;
	return 0;
}

int
firn_output_write(struct firn_output *output, const void *data, size_t len,
		  struct firn_err *err)
{
	if (make_room(output, len, err) < 0 ||
	    firn_write_all(output->fd, output->partial, data, len, err) < 0)
		return -1;
	output->offset += len;
	return 0;
}

int
firn_output_take_back(struct firn_output *output, uint64_t offset,
		      struct firn_err *err)
{
	/* What a failed write left is behind the end of this. */
	if (ftruncate(output->fd, (off_t)offset) < 0 ||
	    lseek(output->fd, (off_t)offset, SEEK_SET) < 0)
		return firn_err_sys(err, "cut %s", output->partial);
	output->offset = offset;
	/* The reserve went with the rest: take it again before others do.  If
	 * they were faster, the next write says so. */
	output->allocated = offset;
	if (!output->unallocated && output->reserve > 0)
		(void)allocate(output, offset + output->reserve);
	return 0;
}

int
firn_output_sync(struct firn_output *output, struct firn_err *err)
{
	/* EINVAL: a pipe, a socket or a terminal. */
	if (fdatasync(output->fd) < 0 && errno != EINVAL && errno != EROFS)
		return firn_err_sys(err, "sync %s", output->partial);
	return 0;
}

static int
rename_file(struct firn_output *output, struct firn_err *err)
{
	if (renameat2(output->dir_fd, partial_name(output), output->dir_fd,
		      output->name, RENAME_NOREPLACE) < 0)
		return firn_err_sys(err, "rename %s to %s", output->partial,
				    output->path);
	if (fsync(output->dir_fd) < 0)
		return firn_err_sys(err, "sync the folder of %s", output->path);
	return 0;
}

int
firn_output_finish(struct firn_output *output, bool rename,
		   struct firn_err *err)
{
	if (output->dir_fd >= 0 &&
	    ftruncate(output->fd, (off_t)output->offset) < 0)
		return firn_err_sys(err, "trim %s", output->partial);
	if (firn_finish(&output->fd, output->partial, err) < 0)
		return -1;
	return rename && output->dir_fd >= 0 ? rename_file(output, err) : 0;
}

int
firn_output_room(const struct firn_output *output, uint64_t *ret)
{
	struct statvfs vfs;

	if (output->dir_fd < 0 || fstatvfs(output->fd, &vfs) < 0)
		return -1;
	*ret = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	return 0;
}
