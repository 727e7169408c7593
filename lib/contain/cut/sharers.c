#include "contain/cut/sharers.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/spaces.h"
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

/* A sibling of the pod may share its pid namespace: the scan told it apart. */
static bool
is_outsider(const struct firn_target *target, uint64_t netns, pid_t pid)
{
	const struct firn_member *known = member(target, pid);

	if (firn_netns_of(target->host, pid, pid) != netns)
		return false;
	if (known != NULL && !known->joined)
		return false;
	return !in_cgroup(target, pid) &&
	       (known != NULL || !in_pidns(target, pid)) &&
	       !only_holds(target, pid);
}

static bool
is_there(const struct firn_sharers *sharers, const char *id)
{
	for (size_t i = 0; i < sharers->n; i++)
		if (id[0] != '\0' && strcmp(sharers->items[i].id, id) == 0)
			return true;
	return false;
}

/* The container's own cgroup is the one that names it. */
static void
set_container(const struct firn_target *target, struct firn_sharer *sharer)
{
	autofree struct firn_cgroup_paths *paths = malloc(sizeof(*paths));
	struct firn_cgroup_name name;
	struct firn_err gone;

	if (paths == NULL ||
	    firn_cgroup_of(target->host, sharer->pid, paths, &gone) < 0)
		return;
	if (firn_cgroup_name(paths->v2, &name) != 0) {
		memcpy(sharer->id, name.id, sizeof(sharer->id));
		sharer->v2 = strndup(paths->v2, name.length);
	} else if (firn_cgroup_name(paths->any, &name) != 0) {
		memcpy(sharer->id, name.id, sizeof(sharer->id));
	}
}

static int
add(const struct firn_target *target, pid_t pid, struct firn_sharers *sharers,
    struct firn_err *err)
{
	struct firn_sharer one = { .pid = pid }, *more;

	set_container(target, &one);
	if (is_there(sharers, one.id)) {
		free(one.v2);
		return 0;
	}
	more = realloc(sharers->items, (sharers->n + 1) * sizeof(*more));
	if (more == NULL) {
		free(one.v2);
		return firn_err_nomem(err);
	}
	sharers->items = more;
	sharers->items[sharers->n++] = one;
	return 0;
}

int
firn_sharers_find(const struct firn_target *target, uint64_t netns,
		  struct firn_sharers *ret, struct firn_err *err)
{
	autodone(firn_sharers_free) struct firn_sharers found = { 0 };
	autofree pid_t *pids = NULL;
	size_t n_pids;

	if (firn_proc_pids(target->host, &pids, &n_pids, err) < 0)
		return -1;
	for (size_t i = 0; i < n_pids; i++)
		if (is_outsider(target, netns, pids[i]) &&
		    add(target, pids[i], &found, err) < 0)
			return -1;
	*ret = found;
	found = (struct firn_sharers){ 0 };
	return 0;
}

bool
firn_sharers_none(const struct firn_target *target, uint64_t netns)
{
	autofree pid_t *pids = NULL;
	struct firn_err why;
	size_t n;

	if (firn_proc_pids(target->host, &pids, &n, &why) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (firn_netns_of(target->host, pids[i], pids[i]) == netns &&
		    !in_cgroup(target, pids[i]) && !only_holds(target, pids[i]))
			return false;
	return true;
}

void
firn_sharers_free(struct firn_sharers *sharers)
{
	for (size_t i = 0; i < sharers->n; i++)
		free(sharers->items[i].v2);
	free(sharers->items);
	*sharers = (struct firn_sharers){ 0 };
}

static bool
is_named(const json_t *array, pid_t pid)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		if (json_integer_value(json_object_get(item, "pid")) == pid)
			return true;
	}
	return false;
}

static const json_t *
container(const json_t *containers, const char *id)
{
	const json_t *item;
	size_t i;

	json_array_foreach(containers, i, item) {
		const char *its = firn_json_string(item, "id", NULL);

		if (its != NULL && strcmp(its, id) == 0)
			return item;
	}
	return NULL;
}

static void
name_it(const struct firn_target *target, const struct firn_sharer *sharer,
	const json_t *containers, json_t *entry)
{
	struct firn_proc_stat stat = { 0 };
	struct firn_err gone;

	if (sharer->id[0] != '\0') {
		firn_json_text(entry, "id", sharer->id);
		firn_json_text(entry, "name",
			       firn_json_string(container(containers,
							  sharer->id),
						"name", NULL));
	} else if (firn_proc_stat(target->host, sharer->pid, &stat, &gone) ==
		   0) {
		firn_json_bytes(entry, "name", stat.comm, stat.comm_len);
	}
}

void
firn_sharers_json(const struct firn_target *target,
		  const struct firn_sharers *sharers, json_t *array)
{
	autojson json_t *containers = NULL;
	struct firn_err unnamed;

	/* Names come from the runtimes' records; without them the ids do. */
	if (sharers->n > 0 &&
	    firn_targets(target->host, &containers, &unnamed) < 0)
		containers = NULL;
	for (size_t i = 0; i < sharers->n; i++) {
		const struct firn_sharer *sharer = &sharers->items[i];
		json_t *entry;

		if (is_named(array, sharer->pid))
			continue;
		entry = json_object();
		name_it(target, sharer, containers, entry);
		firn_json_uint(entry, "pid", (uint64_t)sharer->pid);
		json_array_append_new(array, entry);
	}
}
