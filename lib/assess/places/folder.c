#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assess/places/looking.h"
#include "base/auto.h"

/*
 * folder -- a folder of secrets: everything in it is looked at.
 */

#define DEPTH_MAX 8
#define FOLDER_FILES_MAX 2000

struct below {
	const struct firn_looking *looking;
	size_t n;
	unsigned depth;
};

static int look_below(struct below *below, const char *path,
		      struct firn_err *err);

/* What is no file and ought to be told: a FIFO, or a link that leads out.
 * Those within (..data, token) lead to what is looked at anyway. */
static bool
is_odd(const struct below *below, int folder_fd, const struct dirent *entry)
{
	char to[4096];
	ssize_t len;

	if (!below->looking->secret)
		return false;
	if (entry->d_type != DT_LNK)
		return entry->d_type == DT_FIFO;
	len = readlinkat(folder_fd, entry->d_name, to, sizeof(to) - 1);
	if (len <= 0)
		return true;
	to[len] = '\0';
	return to[0] == '/' || strcmp(to, "..") == 0 ||
	       strncmp(to, "../", 3) == 0 || strstr(to, "/../") != NULL;
}

static int
look_at_entry(struct below *below, const char *folder, int folder_fd,
	      const struct dirent *entry, struct firn_err *err)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

	if (strcmp(entry->d_name, ".") == 0 ||
	    strcmp(entry->d_name, "..") == 0 || len < 0 ||
	    (size_t)len >= sizeof(path))
		return 0;
	if (++below->n > FOLDER_FILES_MAX) {
		struct firn_err why = { 0 };

		firn_err_set(&why, E2BIG, "more than %d files",
			     FOLDER_FILES_MAX);
		if (below->n == FOLDER_FILES_MAX + 1)
			firn_look_gap(below->looking, folder, &why);
		return 0;
	}
	if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
		return look_below(below, path, err);
	if (entry->d_type == DT_REG || is_odd(below, folder_fd, entry))
		return firn_look_at(below->looking, path, err);
	return 0;
}

/* A descriptor to read the names with; -1 and `why`, or -1 for what is none. */
static int
open_folder(struct below *below, const char *path, bool *is_file,
	    struct firn_err *why)
{
	const struct firn_looking *looking = below->looking;
	autoclose int path_fd = -1;
	struct stat st;

	path_fd = firn_opener_lookup(looking->opener, looking->root_fd,
				     path + 1, why);
	if (path_fd < 0 || firn_look_stat(path_fd, &st, why) < 0)
		return -1;
	*is_file = S_ISREG(st.st_mode);
	if (!S_ISDIR(st.st_mode))
		return -1;
	if (firn_look_waits(looking, &st))
		return firn_err_set(why, EOPNOTSUPP,
				    "its filesystem may wait on a server");
	return firn_opener_folder(looking->opener, path_fd, why);
}

static int
look_through(struct below *below, const char *path, DIR *dir,
	     struct firn_err *err)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		if (look_at_entry(below, path, dirfd(dir), entry, err) < 0)
			return -1;
	}
	return 0;
}

static int
look_below(struct below *below, const char *path, struct firn_err *err)
{
	struct firn_err why = { 0 };
	autodir DIR *dir = NULL;
	bool is_file = false;
	int fd, done;

	if (below->depth > DEPTH_MAX) {
		firn_err_set(&why, E2BIG, "deeper than %d folders", DEPTH_MAX);
		firn_look_gap(below->looking, path, &why);
		return 0;
	}
	fd = open_folder(below, path, &is_file, &why);
	if (is_file)
		return firn_look_at(below->looking, path, err);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (fd >= 0 && dir == NULL) {
		firn_err_sys(&why, "read the folder");
		firn_auto_close(&fd);
	}
	if (dir == NULL) {
		if (why.code != 0 && !firn_is_absent(why.code) &&
		    why.code != ELOOP)
			firn_look_gap(below->looking, path, &why);
		return 0;
	}
	below->depth++;
	done = look_through(below, path, dir, err);
	below->depth--;
	return done;
}

int
firn_look_below(const struct firn_looking *looking, const char *path,
		struct firn_err *err)
{
	struct below below = { .looking = looking };

	return look_below(&below, path, err);
}
