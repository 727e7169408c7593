#include "assess/places/root.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "assess/places/walk.h"
#include "base/auto.h"

#define HOMES_MAX 1000

/* --- what was changed -----------------------------------------------------
 */

int
firn_look_at_changed(const struct firn_looking *looking, struct firn_err *err)
{
	const char *upper = looking->target->rootfs.upper;
	struct firn_looking changed = *looking;
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	if (upper == NULL)
		return 0;
	fd = firn_host_file(looking->target->host, upper, O_PATH | O_DIRECTORY,
			    &why);
	if (fd < 0) {
		firn_look_gap(looking, "the files that it has changed", &why);
		return 0;
	}
	changed.root_fd = fd;
	changed.where = "changed file";
	/* What a mount hides is looked at here. */
	changed.again = true;
	return firn_walk_all(&changed, err);
}

/* --- paths that rules name ------------------------------------------------
 */

static int
look_at_paths(const struct firn_looking *looking, const char *home,
	      struct firn_err *err)
{
	const struct firn_secret_rules *rules = looking->list->rules;

	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_words *files = &rules->items[i].files;

		for (size_t k = 0; k < files->n; k++) {
			const char *file = files->items[k];
			bool tilde = strncmp(file, "~/", 2) == 0;
			char path[4096];

			if (strchr(file, '*') != NULL ||
			    tilde != (home != NULL))
				continue;
			snprintf(path, sizeof(path), "%s%s", tilde ? home : "",
				 tilde ? file + 1 : file);
			if (path[0] == '/' &&
			    firn_look_at(looking, path, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int
look_at_homes(const struct firn_looking *looking, DIR *homes,
	      struct firn_err *err)
{
	const struct dirent *entry;

	for (size_t n = 0; n < HOMES_MAX && (entry = readdir(homes)) != NULL;
	     n++) {
		char home[300];

		snprintf(home, sizeof(home), "/home/%s", entry->d_name);
		if (entry->d_name[0] != '.' &&
		    look_at_paths(looking, home, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_look_at_known(const struct firn_looking *looking, struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int path_fd = -1;
	autodir DIR *homes = NULL;
	int fd;

	if (look_at_paths(looking, NULL, err) < 0 ||
	    look_at_paths(looking, "/root", err) < 0)
		return -1;
	path_fd = firn_opener_lookup(looking->opener, looking->root_fd, "home",
				     &why);
	fd = path_fd < 0 ? -1
			 : firn_opener_folder(looking->opener, path_fd, &why);
	homes = fd < 0 ? NULL : fdopendir(fd);
	if (homes != NULL)
		return look_at_homes(looking, homes, err);
	if (!firn_is_absent(why.code))
		firn_look_gap(looking, "/home", &why);
	return 0;
}

/* --- names ------------------------------------------------------------------
 */

/* A layer's names are read on the node, where nothing of the container's can
 * hold us up; what the container has under them is then looked at. */
static int
walk_layer(const struct firn_looking *looking, const char *layer,
	   struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	fd = firn_host_file(looking->target->host, layer, O_PATH | O_DIRECTORY,
			    &why);
	if (fd < 0) {
		firn_look_gap(looking, "a layer of its image", &why);
		return 0;
	}
	return firn_walk_names(looking, fd, "", err);
}

int
firn_look_at_names(const struct firn_looking *looking, struct firn_err *err)
{
	const struct firn_rootfs *rootfs = &looking->target->rootfs;

	if (rootfs->n_lowers == 0)
		return firn_walk_names(looking, looking->root_fd, "", err);
	for (size_t i = 0; i < rootfs->n_lowers; i++) {
		if (walk_layer(looking, rootfs->lowers[i], err) < 0)
			return -1;
	}
	return 0;
}
