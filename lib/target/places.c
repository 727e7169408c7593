#include "target/places.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "host/mountinfo.h"
#include "host/proc.h"
#include "target/disk.h"
#include "target/names.h"

void
place_add(struct place_set *set, const char *path)
{
	char *copy;

	if (!names_is_path(path) || set->n == PLACES_MAX)
		return;
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->items[i], path) == 0)
			return;
	copy = strdup(path);
	if (copy != NULL)
		set->items[set->n++] = copy;
}

/* Add `path` up to where `mark` begins in it. */
static void
add_before(struct place_set *set, const char *path, const char *mark)
{
	const char *end = strstr(path, mark);

	if (end != NULL)
		place_add(set, disk_path("%.*s", (int)(end - path), path).text);
}

/* Every folder in `parent`, or `suffix` in each of them. */
static void
add_each(const struct firn_host *host, struct place_set *set,
	 const char *parent, const char *suffix)
{
	autofree char **names = disk_names(host, parent);

	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		place_add(set,
			  disk_path("%s/%s%s", parent, names[i], suffix).text);
}

static void
add_usual(const struct firn_host *host, struct places *ret)
{
	place_add(&ret->docker, "/var/lib/docker");
	place_add(&ret->containerd, "/var/lib/containerd");
	place_add(&ret->containerd, "/var/lib/rancher/k3s/agent/containerd");
	place_add(&ret->tasks, "/run/containerd/io.containerd.runtime.v2.task");
	place_add(&ret->tasks, "/run/docker/containerd/daemon/"
			       "io.containerd.runtime.v2.task");
	place_add(&ret->tasks,
		  "/run/k3s/containerd/io.containerd.runtime.v2.task");
	place_add(&ret->storage, "/var/lib/containers/storage");
	place_add(&ret->runroots, "/run/containers/storage");
	place_add(&ret->runc, "/run/docker/runtime-runc/moby");
	add_each(host, &ret->runc, "/run/containerd/runc", "");
	place_add(&ret->runc, "/run/runc");
	add_each(host, &ret->runc, "/run/user", "/runc");
	place_add(&ret->crun, "/run/crun");
	add_each(host, &ret->crun, "/run/user", "/crun");
}

/* A container's overlay lies in the data root of its engine. */
static void
add_from_overlay(const struct firn_host *host, pid_t pid, struct places *ret)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	const struct firn_mount *root;
	struct firn_err none = { 0 };
	char upper[DISK_PATH];

	if (firn_mounts_read(host, pid, &mounts, &none) < 0)
		return;
	root = firn_mounts_root(&mounts);
	if (root == NULL || strcmp(root->fstype, "overlay") != 0 ||
	    firn_mount_option(root->super_options, "upperdir", upper,
			      sizeof(upper)) <= 0)
		return;
	add_before(&ret->docker, upper, "/overlay2/");
	add_before(&ret->storage, upper, "/overlay/");
	add_before(&ret->containerd, upper, "/io.containerd.snapshotter.");
}

/* A shim stands in its bundle: .../io.containerd.runtime.v2.task/NS/ID. */
static void
add_from_shim(const struct firn_host *host, pid_t pid, struct places *ret)
{
	static const char task[] = "/io.containerd.runtime.v2.task";
	char cwd[PATH_MAX], *end;
	struct firn_err none = { 0 };

	if (firn_proc_link(host, pid, "cwd", cwd, sizeof(cwd), &none) < 0)
		return;
	end = strstr(cwd, task);
	if (end == NULL)
		return;
	end[sizeof(task) - 1] = '\0';
	place_add(&ret->tasks, cwd);
	/* Docker's own containerd: EXEC/containerd/daemon and beside it
	 * EXEC/runtime-runc. */
	*end = '\0';
	end = strstr(cwd, "/containerd/daemon");
	if (end == NULL)
		return;
	*end = '\0';
	place_add(&ret->runc, disk_path("%s/runtime-runc/moby", cwd).text);
}

/* The value of "--name VALUE" or "--name=VALUE", which ends with NULL. */
static const char *
argument(char *const *args, const char *name)
{
	size_t len = strlen(name);

	for (; *args != NULL; args++) {
		if (strncmp(*args, name, len) != 0)
			continue;
		if ((*args)[len] == '=')
			return *args + len + 1;
		if ((*args)[len] == '\0' && args[1] != NULL)
			return args[1];
	}
	return NULL;
}

/* conmon -b ROOT/overlay-containers/ID/userdata -p RUNROOT/overlay-containers/
 * ID/userdata/pidfile */
static void
add_from_conmon(char *const *args, struct places *ret)
{
	const char *bundle = argument(args, "-b");
	const char *pidfile = argument(args, "-p");

	if (bundle != NULL)
		add_before(&ret->storage, bundle, "/overlay-containers/");
	if (pidfile != NULL)
		add_before(&ret->runroots, pidfile, "/overlay-containers/");
}

static void
add_from_dockerd(char *const *args, struct places *ret)
{
	const char *data = argument(args, "--data-root");
	const char *state = argument(args, "--exec-root");

	if (data == NULL)
		data = argument(args, "-g");
	if (data != NULL)
		place_add(&ret->docker, data);
	if (state == NULL)
		return;
	place_add(&ret->tasks, disk_path("%s/containerd/daemon/"
					 "io.containerd.runtime.v2.task",
					 state)
				       .text);
	place_add(&ret->runc, disk_path("%s/runtime-runc/moby", state).text);
}

/* runc --root DIR run ID, in the foreground. */
static void
add_from_oci(char *const *args, struct places *ret)
{
	const char *root = argument(args, "--root");

	if (root == NULL)
		return;
	place_add(&ret->runc, root);
	place_add(&ret->crun, root);
}

bool
places_is_daemon(const struct kernel_process *process, const char *name)
{
	size_t len = strlen(name);

	return !process->contained && strncmp(process->comm, name, len) == 0 &&
	       (process->comm[len] == '\0' || process->comm[len] == '-');
}

/*
 * Whatever its name: does it see the host's files as its root?  One that left
 * its container's cgroup doesn't.
 */
static bool
is_on_host(const struct firn_host *host, const struct kernel_process *process)
{
	const struct kernel_place root = kernel_place(host->root_fd);
	const struct kernel_place its =
		kernel_place_of(host, process->pid, "root");

	return !kernel_is_live(host) ||
	       (its.device == root.device && its.inode == root.inode);
}

static void
add_from_process(const struct firn_host *host,
		 const struct kernel_process *process, struct places *ret)
{
	static const struct {
		const char *name;
		void (*add)(char *const *args, struct places *ret);
	} daemons[] = {
		{ "conmon", add_from_conmon },
		{ "dockerd", add_from_dockerd },
		{ "runc", add_from_oci },
		{ "crun", add_from_oci },
	};

	if (places_is_daemon(process, "containerd-shim") &&
	    is_on_host(host, process))
		add_from_shim(host, process->pid, ret);
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		autofree char **args = NULL;
		struct firn_err none = { 0 };
		size_t n;

		if (places_is_daemon(process, daemons[i].name) &&
		    is_on_host(host, process) &&
		    kernel_args(host, process->pid, &args, &n, &none) == 0)
			daemons[i].add(args, ret);
	}
}

static bool
is_begun_by(const struct kernel_group *group, const char *prefix)
{
	return strncmp(group->id, prefix, strlen(prefix)) == 0;
}

/* The id that is wanted, or its beginning, if the kernel knows it; NULL wants
 * all: a name may be anybody's. */
static const char *
wanted_id(const struct kernel *kernel, const struct query *query)
{
	if (query == NULL || query->kind != QUERY_ID)
		return NULL;
	for (size_t i = 0; i < kernel->n_groups; i++)
		if (is_begun_by(&kernel->groups[i], query->text))
			return query->text;
	return NULL;
}

void
places_find(const struct firn_host *host, const struct kernel *kernel,
	    const struct query *query, struct places *ret)
{
	const char *wanted = wanted_id(kernel, query);

	add_usual(host, ret);
	for (size_t i = 0; i < kernel->n_processes; i++)
		add_from_process(host, &kernel->processes[i], ret);
	for (size_t i = 0; i < kernel->n_groups; i++)
		if (kernel->groups[i].n_pids > 0 &&
		    (wanted == NULL || is_begun_by(&kernel->groups[i], wanted)))
			add_from_overlay(host, kernel->groups[i].pids[0], ret);
}

static void
set_free(struct place_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->items[i]);
	set->n = 0;
}

void
places_free(struct places *places)
{
	set_free(&places->docker);
	set_free(&places->containerd);
	set_free(&places->tasks);
	set_free(&places->storage);
	set_free(&places->runroots);
	set_free(&places->runc);
	set_free(&places->crun);
}
