#include "contain/keep/keeper_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "host/cgroup.h"

#define OURS "/firn"
#define PLACE OURS "/keeper"

/* A path of the host as firn's own: with --root they differ. */
static int
as_we_see_it(const struct firn_host *host, const char *path, char ret[PATH_MAX],
	     struct firn_err *err)
{
	autoclose int fd =
		firn_host_file(host, path, O_RDONLY | O_DIRECTORY, err);
	char link[32];
	ssize_t len;

	if (fd < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, ret, PATH_MAX - 1);
	if (len < 0)
		return firn_err_sys(err, "look where %s is", path);
	ret[len] = '\0';
	return 0;
}

int
firn_keeper_places(const struct firn_host *host, json_t **ret,
		   struct firn_err *err)
{
	struct firn_cgroup_mounts mounts;
	const char *const roots[] = { mounts.v2, mounts.freezer,
				      mounts.systemd };
	autojson json_t *places = json_array();

	if (firn_cgroup_mounts(host, &mounts, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		char path[PATH_MAX];

		if (roots[i][0] == '\0')
			continue;
		if (as_we_see_it(host, roots[i], path, err) < 0)
			return -1;
		json_array_append_new(places, json_sprintf("%s" PLACE, path));
	}
	*ret = firn_steal(places);
	return 0;
}

/* The ledger says where they are; nothing else is touched. */
static bool
is_place(const char *folder)
{
	size_t len = folder != NULL ? strlen(folder) : 0;

	return len > strlen(PLACE) && len < PATH_MAX - 32 && folder[0] == '/' &&
	       strcmp(folder + len - strlen(PLACE), PLACE) == 0;
}

/* The same with another end: OURS, or the hierarchy's root with a file. */
static void
beside(const char *folder, const char *end, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%.*s%s", (int)(strlen(folder) - strlen(PLACE)),
		 folder, end);
}

static int
make(const char *path, struct firn_err *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return firn_err_sys(err, "make cgroup %s", path);
	return 0;
}

static int
enter(const char *folder, struct firn_err *err)
{
	char ours[PATH_MAX], procs[PATH_MAX];

	beside(folder, OURS, ours);
	beside(folder, PLACE "/cgroup.procs", procs);
	/* Another keeper may just be taking it away. */
	for (unsigned tries = 0; tries < 20; tries++) {
		*err = (struct firn_err){ 0 };
		if (make(ours, err) == 0 && make(folder, err) == 0 &&
		    firn_write_at(AT_FDCWD, procs, "0", err) == 0)
			return 0;
		if (err->code != ENOENT && err->code != ENODEV)
			return -1;
	}
	return -1;
}

int
firn_keeper_enter(const json_t *places, struct firn_err *err)
{
	const json_t *place;
	int done = 0;
	size_t i;

	json_array_foreach(places, i, place) {
		struct firn_err why = { 0 };

		if (!is_place(json_string_value(place)) ||
		    enter(json_string_value(place), &why) == 0)
			continue;
		if (done == 0)
			*err = why;
		done = -1;
	}
	return done;
}

static bool
has_processes(const char *folder)
{
	autofree char *pids = NULL;
	struct firn_err gone = { 0 };
	char procs[PATH_MAX];

	beside(folder, PLACE "/cgroup.procs", procs);
	return firn_read_at(AT_FDCWD, procs, 1 << 16, &pids, NULL, &gone) ==
		       0 &&
	       pids[0] != '\0';
}

void
firn_keeper_tidy(const json_t *places)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	const json_t *place;
	size_t i;

	json_array_foreach(places, i, place) {
		const char *folder = json_string_value(place);
		char ours[PATH_MAX];

		if (!is_place(folder))
			continue;
		/* The kernel lets go of a process a little after its end. */
		for (unsigned tries = 0; rmdir(folder) < 0 && errno == EBUSY &&
					 tries < 100 && !has_processes(folder);
		     tries++)
			nanosleep(&pause, NULL);
		beside(folder, OURS, ours);
		(void)rmdir(ours);
	}
}

void
firn_keeper_leave(const json_t *places)
{
	const json_t *place;
	size_t i;

	json_array_foreach(places, i, place) {
		struct firn_err stays = { 0 };
		char procs[PATH_MAX];

		if (!is_place(json_string_value(place)))
			continue;
		beside(json_string_value(place), "/cgroup.procs", procs);
		if (firn_write_at(AT_FDCWD, procs, "0", &stays) < 0)
			continue; /* then whoever comes next tidies up */
	}
	firn_keeper_tidy(places);
}
