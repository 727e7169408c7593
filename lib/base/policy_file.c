#include "base/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/io.h"

int
firn_policy_sections(const struct firn_yaml *yaml, struct firn_err *err)
{
	static const char *const known[] = {
		"responders",  "sources",  "never-touch", "approval", "limits",
		"quiet-hours", "evidence", "listen",      "notify",   "node",
		"break-glass", "secrets",  "posture",     NULL,
	};

	return firn_yaml_keys(yaml, fy_document_root(yaml->document), known,
			      err);
}

static int
check_file(int fd, const char *path, struct firn_err *err)
{
	struct stat stat;

	if (fstat(fd, &stat) < 0)
		return firn_err_sys(err, "look at %s", path);
	if (!S_ISREG(stat.st_mode))
		return firn_err_set(err, EPERM, "%s is not a regular file",
				    path);
	if (stat.st_uid != 0)
		return firn_err_set(err, EPERM,
				    "%s belongs to uid %u, who could change "
				    "it: chown root %s",
				    path, stat.st_uid, path);
	if ((stat.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return firn_err_set(err, EPERM,
				    "%s can be written by others than root: "
				    "chmod go-w %s",
				    path, path);
	return 0;
}

int
firn_policy_read(const char *path, char **ret, size_t *ret_len,
		 struct firn_err *err)
{
	autoclose int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return firn_err_sys(err, "open %s", path);
	if (check_file(fd, path, err) < 0)
		return -1;
	return firn_read_fd(fd, path, FIRN_YAML_MAX, ret, ret_len, err);
}
