#include "contain/cut/socket_owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

#define OTHERS_MAX_NS 3000000000ull

/* A container may make cgroups of its own, as many as it likes. */
enum {
	CGROUPS_MAX = 4096,
	DEPTH_MAX = 32
};

bool
firn_owner_is_member(const struct firn_member *member)
{
	return !member->joined;
}

/* A cgroup's id on v2 is its folder's inode.  Past the limits the holders
 * decide. */
static int
add_cgroups(struct firn_owner *owner, int dir_fd, unsigned depth,
	    struct firn_err *err)
{
	autodir DIR *dir = NULL;
	struct dirent *entry;
	struct stat st;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL && fd >= 0)
		close(fd);
	if (dir == NULL || fstat(fd, &st) < 0)
		return 0; /* it's gone */
	if (owner->cgroups == NULL)
		owner->cgroups = calloc(CGROUPS_MAX, sizeof(*owner->cgroups));
	if (owner->cgroups == NULL)
		return firn_err_nomem(err);
	if (owner->n_cgroups == CGROUPS_MAX || depth == DEPTH_MAX)
		return 0;
	owner->cgroups[owner->n_cgroups++] = st.st_ino;
	while ((entry = readdir(dir)) != NULL) {
		autoclose int below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(fd, entry->d_name,
			       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && add_cgroups(owner, below, depth + 1, err) < 0)
			return -1;
	}
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

int
firn_owner_open(struct firn_owner *ret, const struct firn_target *target,
		struct firn_err *err)
{
	ret->target = target;
	if (target->v2.dir_fd >= 0 && target->v2.path != NULL &&
	    strcmp(target->v2.path, "/") != 0 &&
	    add_cgroups(ret, target->v2.dir_fd, 0, err) < 0)
		return -1;
	if (ret->n_cgroups > 1)
		qsort(ret->cgroups, ret->n_cgroups, sizeof(*ret->cgroups),
		      by_number);
	for (size_t i = 0; i < target->members.n; i++)
		if (firn_owner_is_member(&target->members.items[i]) &&
		    firn_holders_add(&ret->members, target->host,
				     target->members.items[i].pid, err) < 0)
			return -1;
	return 0;
}

void
firn_owner_close(struct firn_owner *owner)
{
	free(owner->cgroups);
	firn_holders_free(&owner->members);
	firn_holders_free(&owner->others);
	*owner = (struct firn_owner){ 0 };
}

static bool
is_member(const struct firn_target *target, pid_t pid)
{
	for (size_t i = 0; i < target->members.n; i++)
		if (target->members.items[i].pid == pid)
			return firn_owner_is_member(&target->members.items[i]);
	return false;
}

static int
read_others(struct firn_owner *owner, struct firn_err *err)
{
	uint64_t start_ns = firn_monotonic_ns();
	autofree pid_t *pids = NULL;
	size_t n;

	if (firn_proc_pids(owner->target->host, &pids, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (firn_monotonic_ns() - start_ns > OTHERS_MAX_NS)
			return firn_err_set(err, ETIMEDOUT,
					    "%zu of %zu processes could not be "
					    "asked which sockets they hold",
					    n - i, n);
		if (!is_member(owner->target, pids[i]) &&
		    firn_holders_add(&owner->others, owner->target->host,
				     pids[i], err) < 0)
			return -1;
	}
	owner->others_read = true;
	return 0;
}

int
firn_owner_has(struct firn_owner *owner, uint64_t inode, uint64_t cgroup,
	       bool own, struct firn_err *err)
{
	size_t by_members, by_others;

	if (cgroup != 0 && owner->n_cgroups > 0 &&
	    bsearch(&cgroup, owner->cgroups, owner->n_cgroups, sizeof(cgroup),
		    by_number) != NULL)
		return 1;
	(void)firn_holders_of(&owner->members, inode, &by_members);
	if (by_members == 0 && (!own || inode == 0))
		return own;
	if (!owner->others_read && read_others(owner, err) < 0)
		return -1;
	(void)firn_holders_of(&owner->others, inode, &by_others);
	return by_others == 0;
}
