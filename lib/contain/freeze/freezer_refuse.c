#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "contain/freeze/freezer.h"
#include "contain/freeze/tasks.h"
#include "host/cgroup.h"

static int
is_no_cgroup(const struct firn_cgroup *cgroup, enum firn_hierarchy hierarchy,
	     struct firn_err *err)
{
	struct stat st;
	struct statfs fs;

	if (cgroup->path[0] != '/' || cgroup->path[1] == '\0')
		return firn_err_set(err, EPERM,
				    "the root cgroup is the whole machine: "
				    "refused");
	if (fstatfs(cgroup->dir_fd, &fs) < 0 || fstat(cgroup->dir_fd, &st) < 0)
		return firn_err_sys(err, "look at cgroup %s", cgroup->path);
	if (!S_ISDIR(st.st_mode) ||
	    fs.f_type != (hierarchy == FIRN_V2 ? CGROUP2_SUPER_MAGIC
					       : CGROUP_SUPER_MAGIC))
		return firn_err_set(err, EPERM,
				    "%s is not a cgroup of %s: refused",
				    cgroup->path,
				    firn_hierarchy_names[hierarchy]);
	if (st.st_ino != cgroup->inode)
		return firn_err_set(err, ESTALE,
				    "cgroup %s is another than the one that "
				    "was found: refused",
				    cgroup->path);
	return 0;
}

/* The paths of a process, as our cgroup namespace shows them: an answer of yes
 * is right, one of no may not be. */
static bool
names(const struct firn_target *target, pid_t pid,
      const struct firn_cgroup *cgroup, enum firn_hierarchy hierarchy)
{
	struct firn_cgroup_paths paths = { 0 };
	struct firn_err ignored = { 0 };
	const char *path;

	if (firn_cgroup_of(target->host, pid, &paths, &ignored) < 0)
		return false;
	path = hierarchy == FIRN_V2 ? paths.v2 : paths.freezer;
	return path[0] != '\0' && firn_cgroup_below(path, cgroup->path);
}

static int
holds_us(const struct firn_target *target, const struct firn_cgroup *cgroup,
	 enum firn_hierarchy hierarchy, struct firn_err *err)
{
	autotasks struct firn_tasks procs = { 0 };

	/* What is nested deeper than we look is found by its path. */
	if (firn_tasks_list(cgroup->dir_fd, "cgroup.procs", &procs, err) < 0 &&
	    err->code != ELOOP && err->code != EMFILE)
		return -1;
	firn_tasks_sort(&procs);
	if (firn_tasks_have(&procs, getpid()) ||
	    names(target, getpid(), cgroup, hierarchy))
		return firn_err_set(err, EPERM,
				    "cgroup %s holds firn itself: refused",
				    cgroup->path);
	if (firn_tasks_have(&procs, 1) || names(target, 1, cgroup, hierarchy))
		return firn_err_set(err, EPERM,
				    "cgroup %s holds pid 1: refused",
				    cgroup->path);
	*err = (struct firn_err){ 0 };
	return 0;
}

int
firn_freezer_refuse(const struct firn_target *target, struct firn_err *err)
{
	unsigned n = 0;

	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(target, h);

		if (cgroup == NULL)
			continue;
		if (is_no_cgroup(cgroup, h, err) < 0 ||
		    holds_us(target, cgroup, h, err) < 0)
			return -1;
		n++;
	}
	if (n == 0)
		return firn_err_set(err, ENOTSUP,
				    "the target has no cgroup that can be "
				    "frozen (neither v2 nor v1's freezer)");
	return 0;
}
