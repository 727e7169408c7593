#include "contain/freeze/tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

/* One descriptor is open for each level. */
#define MAX_DEPTH 500
#define MAX_BYTES (64u << 20)

void
firn_tasks_free(struct firn_tasks *tasks)
{
	free(tasks->items);
	*tasks = (struct firn_tasks){ 0 };
}

int
firn_tasks_add(struct firn_tasks *tasks, pid_t task, struct firn_err *err)
{
	if (tasks->n == tasks->size) {
		size_t size = tasks->size != 0 ? 2 * tasks->size : 256;
		pid_t *more = realloc(tasks->items, size * sizeof(*more));

		if (more == NULL)
			return firn_err_nomem(err);
		tasks->items = more;
		tasks->size = size;
	}
	tasks->items[tasks->n++] = task;
	return 0;
}

static int
ascending(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

void
firn_tasks_sort(struct firn_tasks *tasks)
{
	size_t kept = 0;

	if (tasks->n < 2)
		return;
	qsort(tasks->items, tasks->n, sizeof(*tasks->items), ascending);
	for (size_t i = 0; i < tasks->n; i++)
		if (kept == 0 || tasks->items[kept - 1] != tasks->items[i])
			tasks->items[kept++] = tasks->items[i];
	tasks->n = kept;
}

bool
firn_tasks_have(const struct firn_tasks *tasks, pid_t task)
{
	return tasks->n > 0 && bsearch(&task, tasks->items, tasks->n,
				       sizeof(task), ascending) != NULL;
}

/* Removed while we looked, or threaded (cgroup-v2.rst, "Threads"). */
static bool
has_none(int code)
{
	return code == ENODEV || code == ENOENT || code == EOPNOTSUPP;
}

static int
read_tasks(int dir_fd, const char *name, struct firn_tasks *tasks,
	   struct firn_err *err)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	char *rest, *line;

	if (firn_read_at(dir_fd, name, MAX_BYTES, &text, NULL, &why) < 0) {
		if (has_none(why.code))
			return 0;
		*err = why;
		return -1;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		uint64_t task;

		/* 0: one that our pid namespace can't see. */
		if (!firn_is_decimal(line, &task) || task == 0 ||
		    task > INT32_MAX)
			continue;
		if (firn_tasks_add(tasks, (pid_t)task, err) < 0)
			return -1;
	}
	return 0;
}

/* Takes `fd` over. */
static int
descend(int fd, unsigned level, const char *name, struct firn_tasks *tasks,
	struct firn_err *err)
{
	autodir DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		firn_err_sys(err, "list a cgroup");
		close(fd);
		return -1;
	}
	if (read_tasks(dirfd(dir), name, tasks, err) < 0)
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
		if (descend(child, level + 1, name, tasks, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_tasks_list(int dir_fd, const char *name, struct firn_tasks *tasks,
		struct firn_err *err)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && has_none(errno))
		return 0;
	if (fd < 0)
		return firn_err_sys(err, "open the cgroup");
	if (descend(fd, 0, name, tasks, err) < 0)
		return -1;
	firn_tasks_sort(tasks);
	return 0;
}

int
firn_tasks_in(int dir_fd, const char *name, struct firn_tasks *tasks,
	      struct firn_err *err)
{
	if (read_tasks(dir_fd, name, tasks, err) < 0)
		return -1;
	firn_tasks_sort(tasks);
	return 0;
}
