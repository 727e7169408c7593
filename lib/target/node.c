#include "target/node.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "host/mountinfo.h"
#include "host/proc.h"
#include "target/disk.h"
#include "target/namespaces.h"
#include "target/runtimes.h"
#include "target/sieve.h"

static bool
is_long_id(const char *id)
{
	return strlen(id) == 64 && names_is_hex(id);
}

/* Which of two runtimes knows more of a container that both have a trace of:
 * the engine before the tool that it called. */
static int
rank(enum firn_runtime runtime)
{
	switch (runtime) {
	case FIRN_RUNTIME_DOCKER:
		return 0;
	case FIRN_RUNTIME_CRIO:
		return 1;
	case FIRN_RUNTIME_PODMAN:
		return 2;
	case FIRN_RUNTIME_CONTAINERD:
		return 3;
	case FIRN_RUNTIME_CRUN:
		return 4;
	case FIRN_RUNTIME_RUNC:
		return 5;
	case FIRN_RUNTIME_UNKNOWN:
		break;
	}
	return 6;
}

static void
attach(struct candidate *candidate, const struct trace *trace)
{
	size_t at = candidate->n_traces;

	if (at == TRACES_PER_CONTAINER)
		return;
	while (at > 0 && rank(trace->runtime) <
				 rank(candidate->traces[at - 1]->runtime)) {
		candidate->traces[at] = candidate->traces[at - 1];
		at--;
	}
	candidate->traces[at] = trace;
	candidate->n_traces++;
}

/* 64 digits are nobody's choice; other ids are a name that two runtimes can
 * both have given, so that the process must be the same as well. */
static bool
is_about(const struct candidate *candidate, const struct trace *trace)
{
	if (strcmp(candidate->id, trace->id) != 0)
		return false;
	if (is_long_id(trace->id))
		return true;
	for (size_t i = 0; i < candidate->n_traces; i++)
		if (trace->pid != 0 && trace->pid == candidate->traces[i]->pid)
			return true;
	return false;
}

static struct candidate *
add(struct node *node, const char *id)
{
	struct candidate *candidate = &node->candidates[node->n_candidates++];

	*candidate = (struct candidate){ .id = id };
	return candidate;
}

static void
join(struct node *node)
{
	for (size_t i = 0; i < node->kernel.n_groups; i++) {
		const struct kernel_group *group = &node->kernel.groups[i];

		add(node, group->id)->group = group;
	}
	for (size_t i = 0; i < node->traces.n; i++) {
		const struct trace *trace = &node->traces.items[i];
		size_t k = 0;

		while (k < node->n_candidates &&
		       !is_about(&node->candidates[k], trace))
			k++;
		attach(k < node->n_candidates ? &node->candidates[k]
					      : add(node, trace->id),
		       trace);
	}
}

/* The path in its hierarchy of a folder that a state file names; the runtime
 * may have seen it mounted elsewhere than we do. */
static const char *
hierarchy_path(const char *folder, const char *mount)
{
	static const char *const usual[] = { "/sys/fs/cgroup/unified",
					     "/sys/fs/cgroup/freezer",
					     "/sys/fs/cgroup" };
	size_t len = strlen(mount);

	if (len > 0 && firn_cgroup_below(folder, mount))
		return folder + len;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (firn_cgroup_below(folder, usual[i]))
			return folder + strlen(usual[i]);
	return "";
}

static const char *
v2_of(const struct node *node, const struct trace *trace)
{
	if (trace->v2_folder != NULL)
		return hierarchy_path(trace->v2_folder, node->mounts.v2);
	return trace->cgroup != NULL ? trace->cgroup : "";
}

static const char *
freezer_of(const struct node *node, const struct trace *trace)
{
	if (trace->freezer_folder != NULL)
		return hierarchy_path(trace->freezer_folder,
				      node->mounts.freezer);
	return trace->cgroup != NULL ? trace->cgroup : "";
}

/* Below a cgroup that isn't the root? */
static bool
is_in(const char *path, const char *cgroup)
{
	return strlen(cgroup) > 1 && firn_cgroup_below(path, cgroup);
}

/* Is a control group called by an id, and by this one? */
enum called {
	CALLED_NOTHING,
	CALLED_SO,
	CALLED_OTHERWISE
};

static enum called
is_called(const char *path, const char *id)
{
	struct firn_cgroup_name name;

	if (firn_cgroup_name(path, &name) == 0)
		return CALLED_NOTHING;
	return strcmp(name.id, id) == 0 ? CALLED_SO : CALLED_OTHERWISE;
}

bool
node_agrees(const struct node *node, const struct trace *trace)
{
	const struct kernel_process *process =
		kernel_process(&node->kernel, trace->pid);
	const char *v2 = v2_of(node, trace);
	const char *freezer = freezer_of(node, trace);
	enum called in_v2, in_freezer;

	if (process == NULL || (trace->start_ticks != 0 &&
				trace->start_ticks != process->start_ticks))
		return false;
	in_v2 = is_called(process->v2, trace->id);
	in_freezer = is_called(process->freezer, trace->id);
	if (in_v2 == CALLED_SO || in_freezer == CALLED_SO)
		return true;
	/* It is another container's, whatever this file says. */
	if (in_v2 == CALLED_OTHERWISE || in_freezer == CALLED_OTHERWISE)
		return false;
	/* Without a start time and a control group, the pid may be somebody
	 * else's by now. */
	if (v2[0] == '\0' && freezer[0] == '\0')
		return trace->start_ticks != 0;
	return is_in(process->v2, v2) || is_in(process->freezer, freezer);
}

static bool
names(const char *path, const char *id)
{
	struct firn_cgroup_name name;

	return firn_cgroup_name(path, &name) != 0 && strcmp(name.id, id) == 0 &&
	       name.length == strlen(path);
}

/* Does a process of the candidate stand there, or does it name it?  A state
 * file alone can't make a cgroup the container's. */
static bool
accepts(const struct node *node, const struct candidate *candidate,
	const struct trace *trace, const char *path, bool is_v2)
{
	const struct kernel_process *process =
		kernel_process(&node->kernel, trace->pid);

	if (!names_is_path(path))
		return false;
	if (candidate->group != NULL)
		return names(path, candidate->id);
	return process != NULL && node_agrees(node, trace) &&
	       is_in(is_v2 ? process->v2 : process->freezer, path);
}

static int
set_cgroups(const struct node *node, struct candidate *candidate)
{
	const char *v2 = NULL, *freezer = NULL;

	/* Where two are called by its id, the runtime says which it made. */
	if (candidate->group != NULL) {
		if (candidate->group->second_v2 == NULL)
			v2 = candidate->group->v2;
		if (candidate->group->second_freezer == NULL)
			freezer = candidate->group->freezer;
	}
	for (size_t i = 0; i < candidate->n_traces; i++) {
		const struct trace *trace = candidate->traces[i];

		if (v2 == NULL &&
		    accepts(node, candidate, trace, v2_of(node, trace), true))
			v2 = v2_of(node, trace);
		if (freezer == NULL && accepts(node, candidate, trace,
					       freezer_of(node, trace), false))
			freezer = freezer_of(node, trace);
	}
	if (v2 != NULL)
		candidate->v2 = strdup(v2);
	if (freezer != NULL)
		candidate->freezer = strdup(freezer);
	return (v2 != NULL && candidate->v2 == NULL) ||
			       (freezer != NULL && candidate->freezer == NULL)
		       ? -1
		       : 0;
}

static bool
is_running(const struct node *node, const struct candidate *candidate)
{
	if (candidate->group != NULL)
		return candidate->group->n_pids > 0;
	for (size_t i = 0; i < candidate->n_traces; i++)
		if (node_agrees(node, candidate->traces[i]))
			return true;
	return false;
}

bool
candidate_holds(const struct candidate *candidate,
		const struct kernel_process *process)
{
	if ((candidate->v2 != NULL && is_in(process->v2, candidate->v2)) ||
	    (candidate->freezer != NULL &&
	     is_in(process->freezer, candidate->freezer)))
		return true;
	/* Only a hierarchy without a freezer names it. */
	if (candidate->v2 != NULL || candidate->freezer != NULL ||
	    candidate->group == NULL)
		return false;
	for (size_t i = 0; i < candidate->group->n_pids; i++)
		if (candidate->group->pids[i] == process->pid)
			return true;
	return false;
}

pid_t
node_init(const struct node *node, const struct candidate *candidate)
{
	const struct kernel_process *oldest = NULL;
	size_t depth, best = SIZE_MAX;
	pid_t init = 0;

	for (size_t i = 0; i < node->kernel.n_processes; i++) {
		const struct kernel_process *process =
			&node->kernel.processes[i];

		if (!candidate_holds(candidate, process))
			continue;
		if (oldest == NULL ||
		    process->start_ticks < oldest->start_ticks)
			oldest = process;
		depth = pidns_depth_as_init(node->host, process->pid);
		if (depth > 0 && depth < best) {
			best = depth;
			init = process->pid;
		}
	}
	if (init != 0)
		return init;
	for (size_t i = 0; i < candidate->n_traces; i++)
		if (node_agrees(node, candidate->traces[i]))
			return candidate->traces[i]->pid;
	return oldest != NULL ? oldest->pid : 0;
}

static int
by_id(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	return strcmp(left->id, right->id);
}

/* firn_cgroup_mounts() says where they are for firn.  With the host's root
 * elsewhere, pid 1 says where they are there. */
static void
find_mounts(const struct firn_host *host, struct firn_cgroup_mounts *mounts)
{
	autodone(firn_mounts_free) struct firn_mounts all = { 0 };
	struct firn_err none = { 0 };

	if ((mounts->v2[0] != '\0' && disk_is_folder(host, mounts->v2)) ||
	    (mounts->freezer[0] != '\0' &&
	     disk_is_folder(host, mounts->freezer)) ||
	    firn_mounts_read(host, 1, &all, &none) < 0)
		return;
	*mounts = (struct firn_cgroup_mounts){ 0 };
	for (size_t i = 0; i < all.n; i++) {
		const struct firn_mount *mount = &all.items[i];
		char value[2], *where = NULL;

		if (strcmp(mount->root, "/") != 0)
			continue;
		if (strcmp(mount->fstype, "cgroup2") == 0)
			where = mounts->v2;
		else if (strcmp(mount->fstype, "cgroup") == 0 &&
			 firn_mount_option(mount->super_options, "freezer",
					   value, sizeof(value)) == 0)
			where = mounts->freezer;
		if (where != NULL && where[0] == '\0' &&
		    strlen(mount->point) < FIRN_CGROUP_PATH)
			strcpy(where, mount->point);
	}
}

static void
read_traces(struct node *node, const struct query *query)
{
	autodone(sieve_end) struct sieve sieve = { 0 };
	const struct firn_host *host = node->host;

	sieve_start(&sieve, host, &node->kernel, query);
	if (!sieve.all) {
		docker_sift(&node->places, &sieve);
		containerd_sift(&node->places, &sieve);
		storage_sift(&node->places, &sieve);
	}
	node->traces.sieve = &sieve;
	docker_traces(host, &node->places, &node->traces);
	containerd_traces(host, &node->places, &node->traces);
	storage_traces(host, &node->places, &node->traces);
	runc_traces(host, &node->places, &node->traces);
	crun_traces(host, &node->places, &node->traces);
	node->traces.sieve = NULL;
}

int
node_read(struct node *ret, const struct firn_host *host,
	  const struct query *query, struct firn_err *err)
{
	*ret = (struct node){ .host = host };
	if (firn_cgroup_mounts(host, &ret->mounts, err) < 0 ||
	    namespaces_of_host(host, &ret->host_namespaces, err) < 0 ||
	    kernel_scan(host, &ret->kernel, err) < 0)
		return -1;
	find_mounts(host, &ret->mounts);
	places_find(host, &ret->kernel, query, &ret->places);
	read_traces(ret, query);

	/* One more, for a cgroup or process that nobody else names. */
	ret->candidates = calloc(ret->kernel.n_groups + ret->traces.n + 1,
				 sizeof(*ret->candidates));
	if (ret->candidates == NULL || ret->traces.failed)
		return firn_err_nomem(err);
	join(ret);
	for (size_t i = 0; i < ret->n_candidates; i++) {
		struct candidate *candidate = &ret->candidates[i];

		if (set_cgroups(ret, candidate) < 0)
			return firn_err_nomem(err);
		candidate->running = is_running(ret, candidate);
	}
	if (ret->n_candidates > 1)
		qsort(ret->candidates, ret->n_candidates,
		      sizeof(*ret->candidates), by_id);
	return 0;
}

void
node_free(struct node *node)
{
	for (size_t i = 0; i < node->n_candidates; i++) {
		free(node->candidates[i].v2);
		free(node->candidates[i].freezer);
	}
	free(node->candidates);
	traces_free(&node->traces);
	places_free(&node->places);
	kernel_free(&node->kernel);
}
