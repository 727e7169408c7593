#include "contain/sharers.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "host/cgroup.h"

static const struct firn_member *
member(const struct firn_target *target, pid_t pid)
{
	for (size_t i = 0; i < target->members.n; i++)
		if (target->members.items[i].pid == pid)
			return &target->members.items[i];
	return NULL;
}

/* 0 where it can't be read: the process is gone, or a kernel thread's. */
static uint64_t
namespace_of(const struct firn_target *target, pid_t pid, const char *name)
{
	char link[64], *inode;
	struct firn_err gone;

	if (firn_proc_link(target->host, pid, name, link, sizeof(link), &gone) <
	    0)
		return 0;
	inode = strchr(link, '[');
	return inode == NULL ? 0 : strtoull(inode + 1, NULL, 10);
}

static bool
in_pidns(const struct firn_target *target, pid_t pid)
{
	uint64_t pidns = target->namespaces.inode[FIRN_NS_PID];

	return pidns != 0 && pidns != namespace_of(target, 1, "ns/pid") &&
	       namespace_of(target, pid, "ns/pid") == pidns;
}

static bool
is_below(const char *path, const char *ancestor)
{
	return ancestor != NULL && strcmp(ancestor, "/") != 0 &&
	       ancestor[0] == '/' && firn_cgroup_below(path, ancestor);
}

static bool
in_cgroup(const struct firn_target *target, pid_t pid)
{
	autofree struct firn_cgroup_paths *paths = malloc(sizeof(*paths));
	struct firn_err gone;

	if (paths == NULL ||
	    firn_cgroup_of(target->host, pid, paths, &gone) < 0)
		return false;
	return is_below(paths->v2, target->v2.path) ||
	       is_below(paths->freezer, target->freezer.path);
}

static bool
only_holds(const struct firn_target *target, pid_t pid)
{
	static const char *const names[] = { "pause", "catatonit" };
	char exe[PATH_MAX], *base;
	struct firn_err gone;

	if (firn_proc_link(target->host, pid, "exe", exe, sizeof(exe), &gone) <
	    0)
		return false;
	base = strrchr(exe, '/');
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (base != NULL && strcmp(base + 1, names[i]) == 0)
			return true;
	return false;
}

static bool
is_outsider(const struct firn_target *target, pid_t pid)
{
	const struct firn_member *known = member(target, pid);

	if (namespace_of(target, pid, "ns/net") !=
	    target->namespaces.inode[FIRN_NS_NET])
		return false;
	if (known != NULL && !known->joined)
		return false;
	return !in_cgroup(target, pid) && !in_pidns(target, pid) &&
	       !only_holds(target, pid);
}

int
firn_sharers_find(const struct firn_target *target, pid_t *ret, size_t size,
		  size_t *ret_n, struct firn_err *err)
{
	autofree pid_t *pids = NULL;
	size_t n_pids, n = 0;

	if (firn_proc_pids(target->host, &pids, &n_pids, err) < 0)
		return -1;
	for (size_t i = 0; i < n_pids; i++) {
		if (!is_outsider(target, pids[i]))
			continue;
		if (n < size)
			ret[n] = pids[i];
		n++;
	}
	*ret_n = n;
	return 0;
}
