#include "contain/freeze/hold_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

/* Two descriptors are open for each level. */
#define MAX_DEPTH 500

static int descend(const struct firn_hold_place *place, unsigned level,
		   firn_hold_fn *each, void *arg, struct firn_err *err);

static int
into(const struct firn_hold_place *parent, const char *name, unsigned level,
     firn_hold_fn *each, void *arg, struct firn_err *err)
{
	autoclose int fd = -1;
	struct firn_hold_place child = {
		.hierarchy = parent->hierarchy,
		.parent_fd = parent->dir_fd,
		.name = name,
	};

	fd = openat(parent->dir_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENODEV))
		return 0;
	if (fd < 0)
		return firn_err_sys(err, "open cgroup %s", name);
	child.dir_fd = fd;
	return descend(&child, level, each, arg, err);
}

static int
descend(const struct firn_hold_place *place, unsigned level, firn_hold_fn *each,
	void *arg, struct firn_err *err)
{
	autodir DIR *dir = NULL;
	struct dirent *entry;
	int fd;

	if (level == MAX_DEPTH)
		return firn_err_set(err, ELOOP,
				    "cgroups are nested more than %d deep",
				    MAX_DEPTH);
	fd = openat(place->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENODEV))
		return 0;
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		firn_err_sys(err, "list a cgroup");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    into(place, entry->d_name, level + 1, each, arg, err) < 0)
			return -1;
	return each(place, arg, err);
}

int
firn_hold_walk(const struct firn_hold_place *place, firn_hold_fn *each,
	       void *arg, struct firn_err *err)
{
	return descend(place, 0, each, arg, err);
}

const char *
firn_hold_file(const struct firn_hold_place *place)
{
	autofree char *type = NULL;
	struct firn_err ignored = { 0 };

	if (place->hierarchy == FIRN_V1)
		return "tasks";
	if (firn_read_at(place->dir_fd, "cgroup.type", 64, &type, NULL,
			 &ignored) < 0 ||
	    strstr(type, "threaded") == NULL)
		return "cgroup.procs";
	return "cgroup.threads";
}

static int
move_one(int fd, pid_t task)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%d", (int)task);

	return write(fd, text, (size_t)len) < 0 ? -errno : 0;
}

/* A task that has begun to exit is passed over by the kernel, and goes by
 * itself; so look at what is left rather than at each answer. */
int
firn_hold_move(const struct firn_hold_place *from, int to_fd, const char *file,
	       struct firn_tasks *ret_stuck, struct firn_err *err)
{
	autoclose int fd = -1;

	fd = openat(to_fd, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open %s", file);
	for (unsigned turn = 0; turn < 3; turn++) {
		firn_tasks_free(ret_stuck);
		if (firn_tasks_in(from->dir_fd, file, ret_stuck, err) < 0)
			return -1;
		for (size_t i = 0; i < ret_stuck->n; i++) {
			int code = move_one(fd, ret_stuck->items[i]);

			if (code < 0 && code != -ESRCH)
				firn_err_set(err, -code, "move task %d: %s",
					     (int)ret_stuck->items[i],
					     strerror(-code));
		}
		if (ret_stuck->n == 0)
			break;
	}
	return 0;
}
