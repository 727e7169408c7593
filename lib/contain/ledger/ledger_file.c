#include "contain/ledger/ledger_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/lock.h"
#include "host/own_folder.h"

#define LOCK_TIMEOUT_NS (5 * UINT64_C(1000000000))

bool
firn_ledger_id_is_valid(const char *id)
{
	size_t len = strlen(id);

	if (len == 0 || len > 200 || id[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isascii(id[i]) ||
		    (!isalnum(id[i]) && strchr("-_.", id[i]) == NULL))
			return false;
	return true;
}

int
firn_ledger_folder(int run_fd, struct firn_err *err)
{
	autoclose int firn_fd = firn_own_folder(run_fd, "firn", err);

	if (firn_fd < 0)
		return -1;
	return firn_own_folder(firn_fd, "ledger", err);
}

/* The bytes that are locked: by who works alone, and by who writes a line. */
enum {
	ALONE,
	LINE
};

/*
 * A record lock, which children don't inherit, as flock(2)'s would be: a child
 * of a killed firn that hangs in a read must not keep others from thawing.
 */
static int
lock(int fd, off_t byte, uint64_t timeout_ns, const char *name,
     struct firn_err *err)
{
	const struct flock range = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = byte,
		.l_len = 1,
	};
	char what[320];

	snprintf(what, sizeof(what), "ledger %s", name);
	return firn_lock_wait(fd, F_SETLK, &range, timeout_ns, what, err);
}

int
firn_ledger_begin(int fd, const char *name, struct firn_err *err)
{
	return lock(fd, LINE, LOCK_TIMEOUT_NS, name, err);
}

void
firn_ledger_end(int fd)
{
	struct flock range = {
		.l_type = F_UNLCK,
		.l_whence = SEEK_SET,
		.l_start = LINE,
		.l_len = 1,
	};

	fcntl(fd, F_SETLK, &range); /* can't fail: it only gives up */
}

static int
check(const struct stat *st, const char *name, struct firn_err *err)
{
	if (!S_ISREG(st->st_mode) || st->st_uid != geteuid() ||
	    (st->st_mode & 07777) != 0600 || st->st_nlink != 1)
		return firn_err_set(err, EPERM,
				    "ledger %s is not a regular file of ours "
				    "with mode 0600: look at it, then move it "
				    "away",
				    name);
	return 0;
}

/* Was it renamed away while we waited for the lock? */
static bool
is_current(int dir_fd, const char *name, const struct stat *st)
{
	struct stat now;

	return fstatat(dir_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       now.st_ino == st->st_ino && now.st_dev == st->st_dev;
}

static int
open_file(int dir_fd, const char *name, enum firn_ledger_hold hold,
	  struct stat *st, struct firn_err *err)
{
	int access = hold == FIRN_LEDGER_LOOK ? O_RDONLY
					      : O_RDWR | O_APPEND | O_CREAT;
	autoclose int fd = -1;

	/* O_NONBLOCK: somebody may have put a FIFO there. */
	fd = openat(dir_fd, name,
		    access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		    0600);
	if (fd < 0 && (errno == ELOOP || errno == EISDIR))
		return firn_err_set(err, EPERM,
				    "ledger %s is not a regular file", name);
	if (fd < 0 || fstat(fd, st) < 0)
		return firn_err_sys(err, "open ledger %s", name);
	return firn_steal_fd(&fd);
}

/* Whether it is ours alone; -1. */
static int
hold_file(int fd, const char *name, enum firn_ledger_hold hold,
	  struct firn_err *err)
{
	uint64_t timeout_ns = hold == FIRN_LEDGER_WAIT ? LOCK_TIMEOUT_NS : 0;

	if (hold == FIRN_LEDGER_LOOK)
		return 0;
	if (lock(fd, ALONE, timeout_ns, name, err) == 0)
		return 1;
	if (hold == FIRN_LEDGER_WAIT || err->code != EBUSY)
		return -1;
	*err = (struct firn_err){ 0 };
	return 0;
}

int
firn_ledger_file(int dir_fd, const char *name, enum firn_ledger_hold hold,
		 bool *ret_alone, struct firn_err *err)
{
	for (;;) {
		autoclose int fd = -1;
		struct stat st;
		int alone = 0;

		fd = open_file(dir_fd, name, hold, &st, err);
		if (fd < 0)
			return -1;
		if (S_ISREG(st.st_mode))
			alone = hold_file(fd, name, hold, err);
		if (alone < 0)
			return -1;
		if (fstat(fd, &st) < 0)
			return firn_err_sys(err, "look at ledger %s", name);
		if (S_ISREG(st.st_mode) && !is_current(dir_fd, name, &st))
			continue;
		if (check(&st, name, err) < 0)
			return -1;
		*ret_alone = alone == 1;
		return firn_steal_fd(&fd);
	}
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a folder that end with .jsonl, without it, sorted. */
static int
list(DIR *dir, char ***ret, size_t *ret_n, struct firn_err *err)
{
	struct dirent *entry;

	errno = 0;
	while ((entry = readdir(dir)) != NULL) {
		char *end = strrchr(entry->d_name, '.');
		char **more;

		if (end == NULL || strcmp(end, ".jsonl") != 0)
			continue;
		*end = '\0';
		if (!firn_ledger_id_is_valid(entry->d_name))
			continue;
		more = realloc(*ret, (*ret_n + 1) * sizeof(**ret));
		if (more == NULL)
			return firn_err_nomem(err);
		*ret = more;
		more[*ret_n] = strdup(entry->d_name);
		if (more[*ret_n] == NULL)
			return firn_err_nomem(err);
		*ret_n += 1;
		errno = 0;
	}
	if (errno != 0)
		return firn_err_sys(err, "list the ledgers");
	if (*ret_n > 0)
		qsort(*ret, *ret_n, sizeof(**ret), by_text);
	return 0;
}

int
firn_ledger_ids_at(int dir_fd, json_t **ret, struct firn_err *err)
{
	autodir DIR *dir = NULL;
	autojson json_t *ids = json_array();
	char **names = NULL;
	size_t n = 0;
	int fd, listed;

	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open the folder of ledgers");
	dir = fdopendir(fd);
	if (dir == NULL) {
		firn_err_sys(err, "list the ledgers");
		close(fd);
		return -1;
	}
	listed = list(dir, &names, &n, err);
	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(ids, json_string(names[i])) < 0)
			listed = firn_err_nomem(err);
		free(names[i]);
	}
	free(names);
	if (listed < 0)
		return -1;
	*ret = firn_steal(ids);
	return 0;
}

int
firn_ledger_ids(json_t **ret, struct firn_err *err)
{
	autoclose int dir_fd = -1;

	dir_fd = open("/run/firn/ledger",
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0 && errno == ENOENT) {
		*ret = json_array();
		return *ret == NULL ? firn_err_nomem(err) : 0;
	}
	if (dir_fd < 0)
		return firn_err_sys(err, "open /run/firn/ledger");
	return firn_ledger_ids_at(dir_fd, ret, err);
}
