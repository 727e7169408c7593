#include "collect/queues/pipes_outside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "host/proc.h"

#define OTHERS_MAX_NS 3000000000ull

/* The pipe that an entry of /proc/PID/fd leads to, if it is wanted and read:
 * a link says by its mode what the descriptor is for. */
static json_t *
wanted_by(int dir_fd, const char *entry, const json_t *wanted)
{
	char link[64];
	ssize_t len = readlinkat(dir_fd, entry, link, sizeof(link) - 1);
	struct stat st;

	if (len < 8 || memcmp(link, "pipe:[", 6) != 0 || link[len - 1] != ']')
		return NULL;
	link[len - 1] = '\0';
	if (json_object_get(wanted, link + 6) == NULL ||
	    fstatat(dir_fd, entry, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (st.st_mode & S_IRUSR) == 0)
		return NULL;
	return json_object_get(wanted, link + 6);
}

/* What has died has no descriptors. */
static void
look_at(const struct firn_host *host, pid_t pid, json_t *wanted)
{
	autodir DIR *dir = NULL;
	struct dirent *entry;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "%d/fd", (int)pid);
	fd = openat(host->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		firn_auto_close(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		json_t *pipe = wanted_by(fd, entry->d_name, wanted);

		if (pipe == NULL)
			continue;
		json_object_set_new(pipe, "pid", json_integer(pid));
		json_object_set_new(pipe, "tid", json_integer(pid));
		json_object_set_new(pipe, "fd",
				    json_integer(atoi(entry->d_name)));
		json_object_set_new(pipe, "reads", json_true());
		json_object_set_new(pipe, "outside", json_true());
	}
}

int
firn_pipes_outside(const struct firn_host *host, json_t *wanted,
		   struct firn_err *err)
{
	uint64_t start_ns = firn_monotonic_ns();
	autofree pid_t *pids = NULL;
	size_t n = 0;

	if (firn_proc_pids(host, &pids, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (firn_monotonic_ns() - start_ns > OTHERS_MAX_NS)
			return firn_err_set(err, ETIMEDOUT,
					    "%zu of %zu processes could not be "
					    "asked whether they read it",
					    n - i, n);
		look_at(host, pids[i], wanted);
	}
	return 0;
}
