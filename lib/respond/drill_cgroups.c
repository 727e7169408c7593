#include "respond/drill_cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "host/cgroup.h"

#define PARENT "firn-drill"

static int
make_one(char ret[256], const char *mount, const char *id, struct firn_err *err)
{
	int len;

	if (mount[0] == '\0')
		return 0;
	len = snprintf(ret, 256, "%s/" PARENT, mount);
	if (len < 0 || len + 66 > 256)
		return firn_err_set(err, ENAMETOOLONG, "%s", mount);
	if (mkdir(ret, 0755) < 0 && errno != EEXIST) {
		firn_err_sys(err, "make the cgroup %s", ret);
		ret[0] = '\0';
		return -1;
	}
	snprintf(ret + len, 256 - (size_t)len, "/%s", id);
	if (mkdir(ret, 0755) < 0) {
		firn_err_sys(err, "make the cgroup %s", ret);
		ret[0] = '\0';
		return -1;
	}
	return 0;
}

int
firn_drill_cgroups_make(struct firn_drill_cgroups *ret,
			const struct firn_host *host, const char *id,
			struct firn_err *err)
{
	autofree struct firn_cgroup_mounts *mounts = malloc(sizeof(*mounts));

	if (mounts == NULL)
		return firn_err_nomem(err);
	if (firn_cgroup_mounts(host, mounts, err) < 0)
		return -1;
	if (mounts->v2[0] == '\0' && mounts->freezer[0] == '\0')
		return firn_err_set(err, ENOTSUP,
				    "neither cgroup v2 nor v1's freezer is "
				    "mounted here: firn can freeze nothing");
	if (make_one(ret->folder[0], mounts->v2, id, err) < 0)
		return -1;
	return make_one(ret->folder[1], mounts->freezer, id, err);
}

static int
write_in(const char *folder, const char *file, const char *text,
	 struct firn_err *err)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return firn_write_at(AT_FDCWD, path, text, err);
}

int
firn_drill_cgroups_add(const struct firn_drill_cgroups *cgroups, pid_t pid,
		       struct firn_err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < 2; i++) {
		if (cgroups->folder[i][0] != '\0' &&
		    write_in(cgroups->folder[i], "cgroup.procs", text, err) < 0)
			return -1;
	}
	return 0;
}

/* The last of its tasks may still be on its way out. */
static int
remove_one(const char *folder, struct firn_err *err)
{
	for (unsigned tries = 0; rmdir(folder) < 0; tries++) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || tries == 200)
			return firn_err_sys(err, "remove the cgroup %s",
					    folder);
		usleep(10000);
	}
	return 0;
}

/* The parent stays if another drill is in it. */
static void
remove_parent(const char *folder)
{
	char parent[256];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", folder);
	slash = strrchr(parent, '/');
	*slash = '\0';
	rmdir(parent);
}

static void
first(struct firn_err *kept, int *done, const struct firn_err *why)
{
	if (*done == 0)
		*kept = *why;
	*done = -1;
}

int
firn_drill_cgroups_thaw(const struct firn_drill_cgroups *cgroups,
			struct firn_err *err)
{
	static const char *const file[] = { "cgroup.freeze", "freezer.state" };
	static const char *const thawed[] = { "0", "THAWED" };
	int done = 0;

	for (size_t i = 0; i < 2; i++) {
		struct firn_err why = { 0 };

		if (cgroups->folder[i][0] != '\0' &&
		    write_in(cgroups->folder[i], file[i], thawed[i], &why) < 0)
			first(err, &done, &why);
	}
	return done;
}

int
firn_drill_cgroups_remove(const struct firn_drill_cgroups *cgroups,
			  struct firn_err *err)
{
	int done = 0;

	for (size_t i = 0; i < 2; i++) {
		struct firn_err why = { 0 };

		if (cgroups->folder[i][0] == '\0')
			continue;
		if (remove_one(cgroups->folder[i], &why) < 0)
			first(err, &done, &why);
		remove_parent(cgroups->folder[i]);
	}
	return done;
}
