#include "host/cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/mountinfo.h"
#include "host/proc.h"

/* Is `word` an element of a comma-separated list? */
static bool
lists(const char *list, const char *word)
{
	char value[2];

	return firn_mount_option(list, word, value, sizeof(value)) == 0;
}

int
firn_cgroup_mounts(const struct firn_host *host, struct firn_cgroup_mounts *ret,
		   struct firn_err *err)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };

	*ret = (struct firn_cgroup_mounts){ 0 };
	if (firn_mounts_read(host, 0, &mounts, err) < 0)
		return -1;
	for (size_t i = 0; i < mounts.n; i++) {
		const struct firn_mount *mount = &mounts.items[i];
		char *where = NULL;

		if (strcmp(mount->root, "/") != 0)
			continue;
		if (strcmp(mount->fstype, "cgroup2") == 0)
			where = ret->v2;
		else if (strcmp(mount->fstype, "cgroup") == 0 &&
			 lists(mount->super_options, "freezer"))
			where = ret->freezer;
		/* The first is the one that everybody uses. */
		if (where != NULL && where[0] == '\0')
			snprintf(where, FIRN_CGROUP_PATH, "%s", mount->point);
	}
	return 0;
}

static size_t
depth(const char *path)
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		n += path[0] == '/' && path[1] != '\0';
	return n;
}

static int
set(char ret[FIRN_CGROUP_PATH], const char *path, size_t len,
    struct firn_err *err)
{
	if (len >= FIRN_CGROUP_PATH)
		return firn_err_set(err, ENAMETOOLONG, "cgroup path");
	memcpy(ret, path, len);
	ret[len] = '\0';
	return 0;
}

/* "4:freezer:/docker/0123..." */
static int
parse_line(char *line, struct firn_cgroup_paths *ret, struct firn_err *err)
{
	char *path = line;
	char *number = strsep(&path, ":"), *controllers = strsep(&path, ":");
	size_t len;

	if (path == NULL || path[0] != '/')
		return firn_err_set(err, EBADMSG, "cgroup: not a line of it");
	len = strlen(path);
	if (strcmp(number, "0") == 0 && controllers[0] == '\0' &&
	    set(ret->v2, path, len, err) < 0)
		return -1;
	if (lists(controllers, "freezer") &&
	    set(ret->freezer, path, len, err) < 0)
		return -1;
	if (depth(path) > depth(ret->any) || ret->any[0] == '\0')
		return set(ret->any, path, len, err);
	return 0;
}

int
firn_cgroup_parse(const char *text, size_t len, struct firn_cgroup_paths *ret,
		  struct firn_err *err)
{
	autofree char *copy = malloc(len + 1);
	char *rest = copy, *line;

	if (copy == NULL)
		return firn_err_nomem(err);
	memcpy(copy, text, len);
	copy[len] = '\0';
	ret->v2[0] = ret->freezer[0] = ret->any[0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		if (parse_line(line, ret, err) < 0)
			return -1;
	return 0;
}

int
firn_cgroup_of(const struct firn_host *host, pid_t pid,
	       struct firn_cgroup_paths *ret, struct firn_err *err)
{
	autofree char *text = NULL;
	size_t len;

	if (firn_proc_read(host, pid, "cgroup", 1 << 20, &text, &len, err) < 0)
		return -1;
	return firn_cgroup_parse(text, len, ret, err);
}

int
firn_cgroup_below(const char *path, const char *ancestor)
{
	size_t len = strlen(ancestor);

	while (len > 0 && ancestor[len - 1] == '/')
		len--;
	return strncmp(path, ancestor, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

int
firn_cgroup_is_hold(const char *name)
{
	size_t len = strlen(FIRN_CGROUP_HOLD);

	return strncmp(name, FIRN_CGROUP_HOLD, len) == 0 &&
	       strlen(name) == len + 8 &&
	       strspn(name + len, "0123456789abcdef") == 8;
}

/* 64 lower-case hexadecimal digits, and then `end` or '\0'? */
static bool
is_id(const char *text, const char *end)
{
	for (size_t i = 0; i < 64; i++)
		if (!isdigit((unsigned char)text[i]) &&
		    (text[i] < 'a' || text[i] > 'f'))
			return false;
	return text + 64 == end;
}

static bool
names_container(const char *start, const char *end,
		struct firn_cgroup_name *ret)
{
	static const char *const schemes[] = {
		"", "docker", "libpod", "crio", "cri-containerd", "nerdctl",
	};

	if (end - start > 6 && memcmp(end - 6, ".scope", 6) == 0)
		end -= 6;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);
		const char *id = start + len + (len > 0);

		if (end - id != 64 || memcmp(start, schemes[i], len) != 0 ||
		    (len > 0 && start[len] != '-') || !is_id(id, end))
			continue;
		memcpy(ret->id, id, 64);
		ret->id[64] = '\0';
		ret->scheme = schemes[i];
		return true;
	}
	return false;
}

int
firn_cgroup_name(const char *path, struct firn_cgroup_name *ret)
{
	const char *start = path;

	while (*start == '/')
		start++;
	while (*start != '\0') {
		const char *end = strchrnul(start, '/');

		if (names_container(start, end, ret)) {
			ret->length = (size_t)(end - path);
			return 1;
		}
		start = *end != '\0' ? end + 1 : end;
	}
	return 0;
}
