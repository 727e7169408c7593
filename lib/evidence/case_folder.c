#include "evidence/case_folder.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "firn/case.h"

int
firn_case_folder(struct firn_err *err)
{
	int fd;

	mkdir("/var/lib/firn", 0700);
	mkdir(FIRN_CASE_FOLDER, 0700);
	fd = open(FIRN_CASE_FOLDER, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	return fd < 0 ? firn_err_sys(err, "open " FIRN_CASE_FOLDER) : fd;
}

bool
firn_case_id_is_valid(const char *id)
{
	size_t len = strlen(id);

	if (len == 0 || len >= FIRN_CASE_ID || id[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isascii(id[i]) ||
		    (!isalnum(id[i]) && strchr("-_.", id[i]) == NULL))
			return false;
	return true;
}

int
firn_case_file(int dir_fd, const char *name, int flags, struct firn_err *err)
{
	autoclose int fd = -1;
	struct stat st;

	/* O_NONBLOCK: somebody may have put a FIFO there. */
	fd = openat(dir_fd, name,
		    flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		    0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "open %s of the case", name);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 07777) != 0600 || st.st_nlink != 1)
		return firn_err_set(err, EPERM,
				    "%s of the case is not a regular file of "
				    "ours with mode 0600: look at it, then "
				    "move it away",
				    name);
	return firn_steal_fd(&fd);
}
