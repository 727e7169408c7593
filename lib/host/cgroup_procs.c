#include "host/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

/* The suspect may nest cgroups as deep as cgroup.max.depth lets it. */
#define MAX_DEPTH 64
#define MAX_BYTES (64u << 20)

struct found {
	pid_t *pids;
	size_t n, size;
};

static int
add(struct found *found, pid_t pid, struct firn_err *err)
{
	if (found->n == found->size) {
		size_t size = found->size != 0 ? 2 * found->size : 256;
		pid_t *more = realloc(found->pids, size * sizeof(*more));

		if (more == NULL)
			return firn_err_nomem(err);
		found->pids = more;
		found->size = size;
	}
	found->pids[found->n++] = pid;
	return 0;
}

static int
read_pids(int dir_fd, struct found *found, struct firn_err *err)
{
	autofree char *text = NULL;
	char *rest, *line;
	int done;

	done = firn_read_at(dir_fd, "cgroup.procs", MAX_BYTES, &text, NULL,
			    err);
	/* A threaded cgroup: cgroup-v2.rst, "Threads". */
	if (done < 0 && err->code == EOPNOTSUPP)
		done = firn_read_at(dir_fd, "cgroup.threads", MAX_BYTES, &text,
				    NULL, err);
	/* Removed while we looked: then nothing is in it. */
	if (done < 0 && (err->code == ENODEV || err->code == ENOENT))
		return 0;
	if (done < 0)
		return -1;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		uint64_t pid;

		/* 0: a process that our pid namespace can't see. */
		if (!firn_is_decimal(line, &pid) || pid == 0 || pid > INT32_MAX)
			continue;
		if (add(found, (pid_t)pid, err) < 0)
			return -1;
	}
	return 0;
}

/* Takes `fd` over. */
static int
descend(int fd, unsigned level, struct found *found, struct firn_err *err)
{
	autodir DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		firn_err_sys(err, "list a cgroup");
		close(fd);
		return -1;
	}
	if (read_pids(dirfd(dir), found, err) < 0)
		return -1;
	if (level == MAX_DEPTH)
		return firn_err_set(err, ELOOP,
				    "cgroups are nested more than %d deep",
				    MAX_DEPTH);
	while ((entry = readdir(dir)) != NULL) {
		int child;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = openat(dirfd(dir), entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0 && errno == ENOENT)
			continue;
		if (child < 0)
			return firn_err_sys(err, "open cgroup %s",
					    entry->d_name);
		if (descend(child, level + 1, found, err) < 0)
			return -1;
	}
	return 0;
}

static int
ascending(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

int
firn_cgroup_procs(int dir_fd, pid_t **ret, size_t *ret_n, struct firn_err *err)
{
	struct found found = { 0 };
	size_t kept = 0;
	int fd;

	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open the cgroup");
	if (descend(fd, 0, &found, err) < 0) {
		free(found.pids);
		return -1;
	}
	if (found.n > 1)
		qsort(found.pids, found.n, sizeof(*found.pids), ascending);
	for (size_t i = 0; i < found.n; i++)
		if (kept == 0 || found.pids[kept - 1] != found.pids[i])
			found.pids[kept++] = found.pids[i];
	*ret = found.pids;
	*ret_n = kept;
	return 0;
}
