#include "host/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

const char *const firn_namespace_names[FIRN_N_NS] = {
	"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts",
};

/* Path of a file of a process, below /proc; long enough for every one. */
#define NAME 128

static int
name_of(pid_t pid, const char *name, char ret[NAME], struct firn_err *err)
{
	int len = snprintf(ret, NAME, "%d/%s", pid, name);

	if (len < 0 || len >= NAME)
		return firn_err_set(err, ENAMETOOLONG, "/proc/%d/%s", pid,
				    name);
	return 0;
}

int
firn_proc_open(const struct firn_host *host, pid_t pid, const char *name,
	       int flags, struct firn_err *err)
{
	char path[NAME];
	int fd;

	if (name_of(pid, name, path, err) < 0)
		return -1;
	fd = openat(host->proc_fd, path, flags | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open /proc/%s", path);
	return fd;
}

int
firn_proc_read(const struct firn_host *host, pid_t pid, const char *name,
	       size_t max, char **ret, size_t *ret_len, struct firn_err *err)
{
	char path[NAME];

	if (name_of(pid, name, path, err) < 0)
		return -1;
	if (firn_read_at(host->proc_fd, path, max, ret, ret_len, err) < 0)
		return firn_err_in(err, "/proc");
	return 0;
}

int
firn_proc_read_secret(const struct firn_host *host, pid_t pid, const char *name,
		      size_t max, struct firn_secret *secret,
		      struct firn_err *err)
{
	char path[NAME];

	if (name_of(pid, name, path, err) < 0)
		return -1;
	if (firn_secret_read_at(secret, host->proc_fd, path, max, err) < 0)
		return firn_err_in(err, "/proc");
	return 0;
}

int
firn_proc_link(const struct firn_host *host, pid_t pid, const char *name,
	       char *ret, size_t size, struct firn_err *err)
{
	char path[NAME];
	ssize_t len;

	if (name_of(pid, name, path, err) < 0)
		return -1;
	len = readlinkat(host->proc_fd, path, ret, size);
	if (len < 0)
		return firn_err_sys(err, "readlink /proc/%s", path);
	if ((size_t)len >= size)
		return firn_err_set(err, ENAMETOOLONG, "readlink /proc/%s",
				    path);
	ret[len] = '\0';
	return 0;
}

int
firn_proc_namespaces(const struct firn_host *host, pid_t pid,
		     struct firn_namespaces *ret, struct firn_err *err)
{
	bool any = false;

	*ret = (struct firn_namespaces){ 0 };
	for (size_t i = 0; i < FIRN_N_NS; i++) {
		struct firn_err why = { 0 };
		char name[16], link[64], *inode;

		snprintf(name, sizeof(name), "ns/%s", firn_namespace_names[i]);
		if (firn_proc_link(host, pid, name, link, sizeof(link), &why) <
		    0) {
			*err = why;
			continue;
		}
		inode = strchr(link, '[');
		if (inode == NULL)
			continue;
		ret->inode[i] = strtoull(inode + 1, NULL, 10);
		any = true;
	}
	return any ? 0 : -1;
}

static int
ascending(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

/* The entries of a folder that are numbers; takes `fd` over. */
static int
numbers(int fd, const char *what, pid_t **ret, size_t *ret_n,
	struct firn_err *err)
{
	autodir DIR *dir = fdopendir(fd);
	autofree pid_t *found = NULL;
	size_t n = 0, size = 0;
	struct dirent *entry;

	if (dir == NULL) {
		firn_err_sys(err, "list %s", what);
		close(fd);
		return -1;
	}
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		uint64_t number;

		if (!firn_is_decimal(entry->d_name, &number) ||
		    number > INT32_MAX)
			continue;
		if (n == size) {
			pid_t *more;

			size = size != 0 ? 2 * size : 256;
			more = realloc(found, size * sizeof(*found));
			if (more == NULL)
				return firn_err_nomem(err);
			found = more;
		}
		found[n++] = (pid_t)number;
	}
	if (errno != 0)
		return firn_err_sys(err, "list %s", what);
	if (n > 1)
		qsort(found, n, sizeof(*found), ascending);
	*ret = firn_steal(found);
	*ret_n = n;
	return 0;
}

int
firn_proc_pids(const struct firn_host *host, pid_t **ret, size_t *ret_n,
	       struct firn_err *err)
{
	int fd = openat(host->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return firn_err_sys(err, "open /proc");
	return numbers(fd, "/proc", ret, ret_n, err);
}

int
firn_proc_numbers(const struct firn_host *host, pid_t pid, const char *name,
		  pid_t **ret, size_t *ret_n, struct firn_err *err)
{
	int fd = firn_proc_open(host, pid, name, O_RDONLY | O_DIRECTORY, err);

	if (fd < 0)
		return -1;
	return numbers(fd, name, ret, ret_n, err);
}

int
firn_proc_threads(const struct firn_host *host, pid_t pid, pid_t **ret,
		  size_t *ret_n, struct firn_err *err)
{
	return firn_proc_numbers(host, pid, "task", ret, ret_n, err);
}

int
firn_proc_status_field(const char *status, const char *key, char *ret,
		       size_t size)
{
	size_t key_len = strlen(key), len;

	for (const char *line = status; line != NULL && *line != '\0';) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, key, key_len) == 0 && line[key_len] == ':') {
			line += key_len + 1;
			line += strspn(line, " \t");
			while (end > line &&
			       (end[-1] == ' ' || end[-1] == '\t'))
				end--;
			len = end > line ? (size_t)(end - line) : 0;
			if (len >= size)
				return -1;
			memcpy(ret, line, len);
			ret[len] = '\0';
			return (int)len;
		}
		line = *end != '\0' ? end + 1 : end;
	}
	return -1;
}
