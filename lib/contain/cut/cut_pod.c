#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "contain/cut/cut.h"
#include "contain/cut/sharers.h"
#include "contain/cut/spaces.h"
#include "host/cgroup.h"

static void
close_cgroup(struct firn_cgroup *cgroup)
{
	free(cgroup->path);
	free(cgroup->folder);
	firn_auto_close(&cgroup->dir_fd);
}

static int
open_cgroup(const char *mount, const char *path, struct firn_cgroup *ret,
	    struct firn_err *err)
{
	struct stat st;

	ret->path = strdup(path);
	if (ret->path == NULL ||
	    asprintf(&ret->folder, "%s%s", mount, path) < 0)
		return firn_err_nomem(err);
	ret->dir_fd = open(ret->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->dir_fd < 0 || fstat(ret->dir_fd, &st) < 0)
		return firn_err_sys(err, "open cgroup %s", path);
	ret->inode = st.st_ino;
	return 0;
}

static int
cut_sharer(struct firn_cut *cut, const char *mount,
	   const struct firn_sharer *sharer, struct firn_err *err)
{
	autodone(close_cgroup) struct firn_cgroup cgroup = { .dir_fd = -1 };
	struct firn_err why = { 0 };

	if (sharer->v2 == NULL) {
		firn_err_set(&why, ENOENT,
			     "process %d, which shares the network namespace, "
			     "has no container's cgroup v2",
			     sharer->pid);
		return firn_cut_without(cut, firn_method_cgroup.name, why.text);
	}
	if (open_cgroup(mount, sharer->v2, &cgroup, &why) < 0)
		return firn_cut_without(cut, firn_method_cgroup.name, why.text);
	return firn_cut_one_cgroup(cut, &cgroup, err) < 0 ? -1 : 0;
}

static int
cut_space(struct firn_cut *cut, const char *mount,
	  const struct firn_space *space, struct firn_err *err)
{
	autodone(firn_sharers_free) struct firn_sharers sharers = { 0 };

	if (firn_sharers_find(cut->target, space->inode, &sharers, err) < 0)
		return -1;
	for (size_t i = 0; i < sharers.n; i++)
		if (cut_sharer(cut, mount, &sharers.items[i], err) < 0)
			return -1;
	return 0;
}

int
firn_cut_pod(struct firn_cut *cut, struct firn_err *err)
{
	autofree struct firn_cgroup_mounts *mounts = malloc(sizeof(*mounts));
	struct firn_spaces spaces;
	struct firn_err why = { 0 };

	if (mounts == NULL)
		return firn_err_nomem(err);
	if (firn_cgroup_mounts(cut->target->host, mounts, &why) < 0)
		return firn_cut_without(cut, firn_method_cgroup.name, why.text);
	firn_spaces_find(cut->target, &spaces);
	for (size_t i = 0; i < spaces.n; i++)
		if (!firn_space_is_hosts(cut->target, &spaces.items[i]) &&
		    cut_space(cut, mounts->v2, &spaces.items[i], err) < 0)
			return -1;
	return 0;
}
