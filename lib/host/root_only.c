#include "host/root_only.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

#define MOST_LINKS 40 /* as path_resolution(7) has it */

static int
check_owner(const char *path, const struct stat *st, struct firn_err *err)
{
	if (st->st_uid != 0)
		return firn_err_set(err, EPERM,
				    "%s belongs to uid %u, who could change "
				    "it: chown root %s",
				    path, st->st_uid, path);
	/* The mode of a link means nothing; an ACL's mask is the group's. */
	if (!S_ISLNK(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return firn_err_set(err, EPERM,
				    "%s can be written by others than root: "
				    "chmod go-w %s, or move the file",
				    path, path);
	return 0;
}

/* Put what the link says in its place: `cut` is its end within `path`. */
static int
follow(char **path, const char *link, size_t cut, struct firn_err *err)
{
	char target[PATH_MAX];
	autofree char *longer = NULL;
	ssize_t len = readlink(link, target, sizeof(target) - 1);
	const char *slash = strrchr(link, '/');

	if (len < 0)
		return firn_err_sys(err, "read the link %s", link);
	target[len] = '\0';
	if (asprintf(&longer, "%.*s/%s%s",
		     target[0] == '/' ? 0 : (int)(slash - link), link, target,
		     *path + cut) < 0)
		return firn_err_nomem(err);
	if (strlen(longer) >= PATH_MAX)
		return firn_err_set(err, ENAMETOOLONG,
				    "the link %s leads too far", link);
	free(*path);
	*path = firn_steal(longer);
	return 0;
}

/* From the root down to the first link or the end.  Returns 1 at a link, which
 * was followed. */
static int
walk(char **path, struct firn_err *err)
{
	size_t end = 0;
	struct stat st;

	do {
		autofree char *part = NULL;

		end += strspn(*path + end, "/");
		end += strcspn(*path + end, "/");
		part = strndup(*path, end);
		if (part == NULL)
			return firn_err_nomem(err);
		if (lstat(part, &st) < 0)
			return firn_err_sys(err, "look at %s", part);
		if (check_owner(part, &st, err) < 0)
			return -1;
		if (S_ISLNK(st.st_mode))
			return follow(path, part, end, err) < 0 ? -1 : 1;
	} while ((*path)[end] != '\0');
	if (!S_ISREG(st.st_mode))
		return firn_err_set(err, EPERM, "%s is not a regular file",
				    *path);
	return 0;
}

int
firn_root_only(const char *path, char **ret, struct firn_err *err)
{
	autofree char *walked = NULL;
	struct stat top;
	int more = 1;

	if (path[0] != '/')
		return firn_err_set(err, EINVAL,
				    "\"%s\" is not an absolute path", path);
	if (lstat("/", &top) < 0)
		return firn_err_sys(err, "look at /");
	if (check_owner("/", &top, err) < 0)
		return -1;
	walked = strdup(path);
	if (walked == NULL)
		return firn_err_nomem(err);
	for (int i = 0; more > 0; i++) {
		if (i > MOST_LINKS)
			return firn_err_set(err, ELOOP, "%s: too many links",
					    path);
		more = walk(&walked, err);
	}
	if (more < 0)
		return -1;
	*ret = firn_steal(walked);
	return 0;
}
