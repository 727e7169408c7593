#include "firn/case.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "evidence/case_folder.h"

/* "20261124T120000Z-node7-0123456789ab" */
static void
invent(char ret[FIRN_CASE_ID], const char *target_id)
{
	struct timespec now = firn_now();
	struct utsname host;
	struct tm tm;
	char when[32], node[33] = "host";

	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	if (uname(&host) == 0)
		snprintf(node, sizeof(node), "%.32s", host.nodename);
	node[strcspn(node, ".")] = '\0';
	snprintf(ret, FIRN_CASE_ID, "%s-%s-%.12s", when, node, target_id);
	for (char *c = ret; *c != '\0'; c++)
		if (!isascii(*c) || (!isalnum(*c) && strchr("-_.", *c) == NULL))
			*c = '_';
}

static int
make_key(int dir_fd, const char *name, unsigned char key[FIRN_CASE_KEY],
	 struct firn_err *err)
{
	autoclose int fd = -1;

	if (getrandom(key, FIRN_CASE_KEY, 0) != FIRN_CASE_KEY)
		return firn_err_sys(err, "getrandom");
	fd = openat(dir_fd, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return firn_err_sys(err, "create " FIRN_CASE_FOLDER "/%s",
				    name);
	if (firn_write_all(fd, name, key, FIRN_CASE_KEY, err) < 0)
		return -1;
	return firn_finish(&fd, name, err);
}

static int
read_key(int fd, const char *name, unsigned char key[FIRN_CASE_KEY],
	 struct firn_err *err)
{
	ssize_t n = firn_read_some(fd, name, key, FIRN_CASE_KEY, err);

	if (n < 0)
		return -1;
	if (n != FIRN_CASE_KEY)
		return firn_err_set(err, EBADMSG,
				    FIRN_CASE_FOLDER
				    "/%s is cut short: remove it",
				    name);
	return 0;
}

int
firn_case_open(struct firn_case *ret, const char *id, const char *target_id,
	       struct firn_err *err)
{
	if (id != NULL && !firn_case_id_is_valid(id))
		return firn_err_set(err, EINVAL,
				    "a case is named by letters, digits, - _ "
				    "and dots, not \"%s\"",
				    id);
	if (id != NULL)
		snprintf(ret->id, sizeof(ret->id), "%s", id);
	else
		invent(ret->id, target_id);
	return 0;
}

int
firn_case_key(struct firn_case *of, struct firn_err *err)
{
	autoclose int dir_fd = -1, fd = -1;
	char name[FIRN_CASE_ID + 8];

	dir_fd = firn_case_folder(err);
	if (dir_fd < 0)
		return -1;
	snprintf(name, sizeof(name), "%s.key", of->id);
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		return read_key(fd, name, of->key, err);
	if (errno != ENOENT)
		return firn_err_sys(err, "open " FIRN_CASE_FOLDER "/%s", name);
	return make_key(dir_fd, name, of->key, err);
}
