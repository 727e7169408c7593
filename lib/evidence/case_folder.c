#include "evidence/case_folder.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
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
	int fd = firn_own_file(dir_fd, name, flags, err);

	return fd < 0 ? firn_err_in(err, "the case") : fd;
}
