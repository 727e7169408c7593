#include "target/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/auto.h"
#include "target/disk.h"
#include "target/kernel.h"
#include "target/names.h"

#define CONTROL_MAX 4096

static int
check_kind(const struct firn_host *host, int fd, const char *folder, bool is_v2,
	   struct firn_err *err)
{
	const long long magic =
		is_v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC;
	struct statfs fs;

	if (!kernel_is_live(host))
		return 0;
	if (fstatfs(fd, &fs) < 0)
		return firn_err_sys(err, "look at %s", folder);
	if ((long long)fs.f_type != magic)
		return firn_err_set(err, EPERM,
				    "refused: %s is not a control group",
				    folder);
	return 0;
}

int
cgroup_hold(const struct firn_host *host, const char *mount, const char *path,
	    bool is_v2, struct firn_cgroup *ret, struct firn_err *err)
{
	autoclose int fd = -1;
	struct disk_path folder;
	struct stat st;

	*ret = (struct firn_cgroup){ .dir_fd = -1 };
	if (path == NULL || path[0] == '\0' || mount[0] == '\0' ||
	    !names_is_path(path))
		return 0;
	folder = disk_path("%s%s", mount, path);
	fd = firn_host_file(host, folder.text, O_RDONLY | O_DIRECTORY, err);
	if (fd < 0)
		return -1;
	if (check_kind(host, fd, folder.text, is_v2, err) < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "stat %s", folder.text);
	ret->path = strdup(path);
	ret->folder = strdup(folder.text);
	if (ret->path == NULL || ret->folder == NULL)
		return firn_err_nomem(err);
	ret->inode = st.st_ino;
	ret->dir_fd = firn_steal_fd(&fd);
	return 0;
}

void
cgroup_release(struct firn_cgroup *cgroup)
{
	free(cgroup->path);
	free(cgroup->folder);
	firn_auto_close(&cgroup->dir_fd);
	*cgroup = (struct firn_cgroup){ .dir_fd = -1 };
}

bool
cgroup_is_frozen(const struct firn_host *host, const char *mount,
		 const char *path, bool is_v2)
{
	autofree char *text = NULL;
	struct firn_err none = { 0 };
	size_t len;

	if (path == NULL || mount[0] == '\0' || !names_is_path(path) ||
	    firn_host_read(host,
			   disk_path("%s%s/%s", mount, path,
				     is_v2 ? "cgroup.events" : "freezer.state")
				   .text,
			   CONTROL_MAX, &text, &len, &none) < 0)
		return false;
	return is_v2 ? strstr(text, "frozen 1") != NULL
		     : strncmp(text, "FROZEN", 6) == 0;
}
