#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "respond/outbox/child.h"
#include "respond/outbox/sending.h"

#define ANSWER_MAX 8192

struct copying {
	const char *folder, *name;
	uint64_t size;
};

/* --- in the child ---------------------------------------------------------
 */

/* The name's own file, and nobody else at it. */
static int
open_partial(int dir_fd, const char *name, struct firn_err *err)
{
	autoclose int fd = openat(dir_fd, name,
				  O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
					  O_NOCTTY | O_CLOEXEC,
				  0600);
	struct stat st, named;

	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "make %s", name);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)
		return firn_err_set(err, EPERM,
				    "%s is there and isn't ours: look at it, "
				    "then move it away",
				    name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return firn_err_sys(err, "%s is being sent by another", name);
	if (fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    named.st_ino != st.st_ino)
		return firn_err_set(err, EBUSY,
				    "%s has been sent by another just now",
				    name);
	if (ftruncate(fd, 0) < 0)
		return firn_err_sys(err, "empty %s", name);
	return firn_steal_fd(&fd);
}

/* By the kernel, which may share the blocks. */
static int
copy_bytes(int from, int to, uint64_t size, struct firn_err *err)
{
	bool ranges = true;
	off_t at = 0;

	while ((uint64_t)at < size) {
		size_t want = size - (uint64_t)at < 1u << 30
				      ? (size_t)(size - (uint64_t)at)
				      : 1u << 30;
		ssize_t n =
			ranges ? copy_file_range(from, &at, to, NULL, want, 0)
			       : sendfile(to, from, &at, want);

		if (n < 0 && errno == EINTR)
			continue;
		/* Not between these two filesystems. */
		if (n < 0 && ranges && errno != ENOSPC && errno != EIO) {
			ranges = false;
			continue;
		}
		if (n < 0)
			return firn_err_sys(err, "copy the archive");
		if (n == 0)
			return firn_err_set(err, ESTALE,
					    "the archive became shorter while "
					    "it was copied");
	}
	return 0;
}

/* Past the cache, so that it comes from the disk or the server; or else after
 * the cache was told to forget it. */
static int
read_back(int dir_fd, const char *name, uint64_t size,
	  char ret[FIRN_SHA256_TEXT], const char **ret_how,
	  struct firn_err *err)
{
	const int flags =
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	autoclose int fd = openat(dir_fd, name, flags | O_DIRECT);

	*ret_how = "past the cache";
	if (fd >= 0 && firn_sending_digest(fd, size, name, ret, err) == 0)
		return 0;
	if ((fd < 0 ? errno : err->code) != EINVAL)
		return fd < 0 ? firn_err_sys(err, "open %s", name) : -1;
	*err = (struct firn_err){ 0 };
	firn_auto_close(&fd);
	fd = openat(dir_fd, name, flags);
	if (fd < 0)
		return firn_err_sys(err, "open %s", name);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	*ret_how = "after the cache was dropped";
	return firn_sending_digest(fd, size, name, ret, err);
}

static int
check_back(int dir_fd, const char *name, uint64_t size, const char *sha256,
	   const char **ret_how, struct firn_err *err)
{
	char back[FIRN_SHA256_TEXT];

	if (read_back(dir_fd, name, size, back, ret_how, err) < 0)
		return -1;
	if (strcmp(back, sha256) != 0)
		return firn_err_set(err, EIO,
				    "%s reads back with SHA-256 %s instead of "
				    "%s",
				    name, back, sha256);
	return 0;
}

/* Not over anything that is there, and not without link(2) either. */
static int
give_name(int dir_fd, const char *partial, const char *name,
	  struct firn_err *err)
{
	int done = renameat2(dir_fd, partial, dir_fd, name, RENAME_NOREPLACE);

	if (done < 0 && errno == EINVAL) {
		done = linkat(dir_fd, partial, dir_fd, name, 0);
		if (done == 0)
			done = unlinkat(dir_fd, partial, 0);
	}
	if (done < 0)
		return firn_err_sys(err, "rename %s", partial);
	if (fsync(dir_fd) < 0)
		return firn_err_sys(err, "sync the folder of %s", name);
	return 0;
}

static int
copy_into(int dir_fd, const struct copying *copying, const char *sha256,
	  const char **ret_how, struct firn_err *err)
{
	autofree char *partial = NULL;
	autoclose int fd = -1;
	int done;

	if (asprintf(&partial, "%s.partial", copying->name) < 0) {
		partial = NULL;
		return firn_err_nomem(err);
	}
	fd = open_partial(dir_fd, partial, err);
	if (fd < 0)
		return -1;
	done = copy_bytes(FIRN_CHILD_EXTRA, fd, copying->size, err);
	if (done == 0 && fsync(fd) < 0)
		done = firn_err_sys(err, "sync %s", partial);
	if (done == 0)
		done = check_back(dir_fd, partial, copying->size, sha256,
				  ret_how, err);
	if (done == 0)
		done = give_name(dir_fd, partial, copying->name, err);
	if (done < 0)
		unlinkat(dir_fd, partial, 0);
	return done;
}

static int
is_there(int dir_fd, const struct copying *copying, struct firn_err *err)
{
	struct stat st;

	if (fstatat(dir_fd, copying->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
			       ? 0
			       : firn_err_sys(err, "look at %s", copying->name);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != copying->size)
		return firn_err_set(err, EEXIST,
				    "there is another %s: nothing is written "
				    "over it",
				    copying->name);
	return 1;
}

static int
copy(const struct copying *copying, json_t **ret, struct firn_err *err)
{
	char sha256[FIRN_SHA256_TEXT];
	const char *how = NULL;
	autoclose int dir_fd =
		open(copying->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int there;

	if (dir_fd < 0)
		return firn_err_sys(err, "open the folder");
	if (firn_sending_digest(FIRN_CHILD_EXTRA, copying->size, "the archive",
				sha256, err) < 0)
		return -1;
	there = is_there(dir_fd, copying, err);
	if (there < 0)
		return -1;
	if (there == 0 && copy_into(dir_fd, copying, sha256, &how, err) < 0)
		return -1;
	if (there == 1 && check_back(dir_fd, copying->name, copying->size,
				     sha256, &how, err) < 0)
		return firn_err_set(err, EEXIST,
				    "there is another %s: nothing is written "
				    "over it",
				    copying->name);
	*ret = json_pack("{s:s, s:{s:s, s:b}}", "sha256", sha256, "receipt",
			 "read back", how, "was there", there);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}

static int
copy_and_tell(const void *arg)
{
	autojson json_t *told = NULL;
	autofree char *line = NULL;
	struct firn_err err = { 0 }, ignored = { 0 };

	if (copy(arg, &told, &err) < 0)
		told = json_pack("{s:s, s:i}", "error", err.text, "code",
				 err.code);
	line = firn_json_line(told);
	if (line == NULL || firn_write_all(STDOUT_FILENO, "a pipe", line,
					   strlen(line), &ignored) < 0)
		return 1;
	return 0;
}

/* --- in the parent --------------------------------------------------------
 */

static int
parse(const struct firn_child *child, json_t **ret, struct firn_err *err)
{
	autojson json_t *told = NULL;
	const char *why;

	if (child->timed_out)
		return firn_err_set(err, ETIMEDOUT,
				    "the time to copy the archive is over%s",
				    child->lost ? "; the process that copies "
						  "waits in the kernel, and "
						  "was left behind"
						: "");
	if (child->out.len == 0)
		return firn_err_set(err, EIO,
				    "who was to copy it ended: signal %d, "
				    "status %d",
				    child->signal, child->status);
	if (firn_json_parse(child->out.data, child->out.len, "the answer",
			    &told, err) < 0)
		return -1;
	why = firn_json_string(told, "error", NULL);
	if (why != NULL)
		return firn_err_set(err,
				    (int)json_integer_value(
					    json_object_get(told, "code")),
				    "%s", why);
	*ret = firn_steal(told);
	return 0;
}

int
firn_send_folder(const struct firn_sending *sending, const char *folder,
		 json_t **ret, struct firn_err *err)
{
	const struct copying copying = {
		.folder = folder,
		.name = sending->name,
		.size = (uint64_t)sending->st.st_size,
	};
	autochild struct firn_child child = FIRN_CHILD_NONE;
	struct firn_task task = {
		.name = "the copy of an archive",
		.input = "",
		.extra_fd = sending->fd,
		.most = ANSWER_MAX,
		.run = copy_and_tell,
		.arg = &copying,
	};
	int left_ms = firn_sending_left_ms(sending, err);

	if (left_ms < 0)
		return -1;
	task.timeout_ms = (unsigned)left_ms;
	if (firn_child_start(&child, &task, err) < 0 ||
	    firn_child_finish(&child, err) < 0)
		return -1;
	return parse(&child, ret, err);
}
