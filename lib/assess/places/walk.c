#include "assess/places/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assess/places/known.h"
#include "base/auto.h"

#define DEPTH_MAX 100

struct walk {
	const struct firn_looking *looking;
	dev_t device; /* never left */
	bool all;     /* whatever its name is */
	unsigned depth;
	char cwd[4096]; /* of process 1; "" for none of its own */
};

static int walk_folder(struct walk *walk, int path_fd, const char *path,
		       struct firn_err *err);

static int
walk_below(struct walk *walk, int folder_fd, const char *name, const char *path,
	   struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int path_fd = -1;
	struct stat st;
	int done;

	if (!walk->all && firn_is_dull(path))
		return 0;
	if (walk->depth >= DEPTH_MAX) {
		firn_err_set(&why, E2BIG, "deeper than %d folders", DEPTH_MAX);
		firn_look_gap(walk->looking, path, &why);
		return 0;
	}
	path_fd = openat(folder_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (path_fd < 0 || firn_look_stat(path_fd, &st, &why) < 0 ||
	    !S_ISDIR(st.st_mode) || st.st_dev != walk->device)
		return 0;
	walk->depth++;
	done = walk_folder(walk, path_fd, path, err);
	walk->depth--;
	return done;
}

static int
look_at(struct walk *walk, const char *path, struct firn_err *err)
{
	if (!walk->all && !firn_is_known(walk->looking->list->rules, path) &&
	    !firn_is_application(walk->cwd, path))
		return 0;
	return firn_look_at(walk->looking, path, err);
}

static bool
is_folder(int folder_fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(folder_fd, entry->d_name, &st,
		       AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int
walk_entry(struct walk *walk, int folder_fd, const struct dirent *entry,
	   const char *folder, struct firn_err *err)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

	walk->looking->spent->n_entries++;
	if (strcmp(entry->d_name, ".") == 0 ||
	    strcmp(entry->d_name, "..") == 0 || len < 0 ||
	    (size_t)len >= sizeof(path))
		return 0;
	if (is_folder(folder_fd, entry))
		return walk_below(walk, folder_fd, entry->d_name, path, err);
	/* Links lead to what has a name of its own, or out. */
	if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
		return 0;
	return look_at(walk, path, err);
}

static int
walk_folder(struct walk *walk, int path_fd, const char *path,
	    struct firn_err *err)
{
	const struct dirent *entry;
	struct firn_err why = { 0 };
	autodir DIR *dir = NULL;
	int fd;

	fd = firn_opener_folder(walk->looking->opener, path_fd, &why);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			firn_err_sys(&why, "read the folder");
		firn_auto_close(&fd);
		/* One that is no longer there has nothing. */
		if (!firn_is_absent(why.code))
			firn_look_gap(walk->looking,
				      path[0] != '\0' ? path : "/", &why);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (firn_look_spent(walk->looking, path))
			return 0;
		if (walk_entry(walk, fd, entry, path, err) < 0)
			return -1;
	}
	return 0;
}

static int
walk_from(struct walk *walk, int folder_fd, const char *top,
	  struct firn_err *err)
{
	struct firn_err why = { 0 };
	struct stat st;

	if (firn_look_stat(folder_fd, &st, &why) < 0) {
		firn_look_gap(walk->looking, top[0] != '\0' ? top : "/", &why);
		return 0;
	}
	if (!S_ISDIR(st.st_mode) || firn_look_waits(walk->looking, &st))
		return 0;
	walk->device = st.st_dev;
	return walk_folder(walk, folder_fd, top, err);
}

/* Where process 1 works is where its application mostly is. */
static void
set_cwd(struct walk *walk)
{
	const struct firn_target *target = walk->looking->target;
	struct firn_err why = { 0 };

	if (firn_proc_link(target->host, target->init_pid, "cwd", walk->cwd,
			   sizeof(walk->cwd), &why) < 0 ||
	    strcmp(walk->cwd, "/") == 0)
		walk->cwd[0] = '\0';
}

int
firn_walk_all(const struct firn_looking *looking, struct firn_err *err)
{
	struct walk walk = { .looking = looking, .all = true };

	return walk_from(&walk, looking->root_fd, "", err);
}

int
firn_walk_names(const struct firn_looking *looking, int folder_fd,
		const char *top, struct firn_err *err)
{
	struct walk walk = { .looking = looking };

	set_cwd(&walk);
	return walk_from(&walk, folder_fd, top, err);
}
