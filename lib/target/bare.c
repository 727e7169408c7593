#include "target/bare.h"

#include <string.h>

#include "host/cgroup.h"
#include "target/names.h"
#include "target/namespaces.h"

const struct candidate *
bare_owner(const struct node *node, pid_t pid)
{
	uint64_t pidns = namespace_of(node->host, pid, FIRN_NS_PID);

	if (pidns == 0 || pidns == node->host_namespaces.inode[FIRN_NS_PID])
		return NULL;
	for (size_t i = 0; i < node->n_candidates; i++) {
		const struct candidate *candidate = &node->candidates[i];
		uint64_t its;

		if (!candidate->running)
			continue;
		its = namespace_of(node->host, node_init(node, candidate),
				   FIRN_NS_PID);
		if (its == node->host_namespaces.inode[FIRN_NS_PID])
			continue;
		if (its == pidns || pidns_is_nested(node->host, pid, its))
			return candidate;
	}
	return NULL;
}

/* What a ledger and an archive can be called after. */
static void
set_id(struct node *node, const char *path)
{
	const char *last = strrchr(path, '/');
	size_t len = 0;

	for (last = last != NULL ? last + 1 : path;
	     last[len] != '\0' && len < NAMES_MAX; len++) {
		const char one[2] = { last[len], '\0' };
		bool plain = names_is_id(one) ||
			     (len > 0 && strchr("-.", one[0]) != NULL);

		node->bare_id[len] = plain ? one[0] : '_';
	}
	node->bare_id[len] = '\0';
}

/* Does only the family of this pid namespace live in there? */
static bool
is_its_own(const struct node *node, const char *path, bool is_v2,
	   uint64_t pidns)
{
	for (size_t i = 0; i < node->kernel.n_processes; i++) {
		const struct kernel_process *process =
			&node->kernel.processes[i];

		if (firn_cgroup_below(is_v2 ? process->v2 : process->freezer,
				      path) &&
		    namespace_of(node->host, process->pid, FIRN_NS_PID) !=
			    pidns &&
		    !pidns_is_nested(node->host, process->pid, pidns))
			return false;
	}
	return true;
}

/* A container may have made groups within its own: climb to that one. */
static char *
whole(const struct node *node, const char *given, bool is_v2, uint64_t pidns)
{
	char *path = strdup(given), *end = NULL;

	/* One that firn holds is of the cgroup that it was taken from. */
	if (path != NULL)
		end = strrchr(path, '/');
	if (end != NULL && end > path && firn_cgroup_is_hold(end + 1))
		*end = '\0';
	if (path == NULL || pidns == 0 ||
	    pidns == node->host_namespaces.inode[FIRN_NS_PID])
		return path;
	while ((end = strrchr(path, '/')) != NULL && end > path) {
		*end = '\0';
		if (!is_its_own(node, path, is_v2, pidns)) {
			*end = '/';
			break;
		}
	}
	return path;
}

int
bare_make(struct node *node, pid_t pid, const char *v2, const char *freezer,
	  const struct candidate **ret, struct firn_err *err)
{
	struct candidate *bare = &node->candidates[node->n_candidates];
	uint64_t pidns = namespace_of(node->host, pid, FIRN_NS_PID);
	bool in_v2 = strlen(v2) > 1, in_freezer = strlen(freezer) > 1;

	*bare = (struct candidate){ .id = node->bare_id,
				    .running = true,
				    .bare = true };
	if (in_v2)
		bare->v2 = whole(node, v2, true, pidns);
	if (in_freezer)
		bare->freezer = whole(node, freezer, false, pidns);
	node->n_candidates++;
	if ((in_v2 && bare->v2 == NULL) ||
	    (in_freezer && bare->freezer == NULL))
		return firn_err_nomem(err);
	set_id(node, in_v2 ? bare->v2 : bare->freezer);
	*ret = bare;
	return 0;
}
