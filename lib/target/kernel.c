#include "target/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "host/proc.h"

#define ARGS_MAX ((size_t)64 << 10)

/* The group of this id; a new one if there is none yet. */
static struct kernel_group *
group_of(struct kernel *kernel, const char *id)
{
	struct kernel_group *more;

	for (size_t i = 0; i < kernel->n_groups; i++)
		if (strcmp(kernel->groups[i].id, id) == 0)
			return &kernel->groups[i];
	if ((kernel->n_groups & (kernel->n_groups + 1)) == 0) {
		more = realloc(kernel->groups,
			       (2 * kernel->n_groups + 1) * sizeof(*more));
		if (more == NULL)
			return NULL;
		kernel->groups = more;
	}
	more = &kernel->groups[kernel->n_groups++];
	*more = (struct kernel_group){ 0 };
	memcpy(more->id, id, strlen(id) + 1);
	return more;
}

static int
add_pid(struct kernel_group *group, pid_t pid)
{
	pid_t *more;

	if (group->n_pids > 0 && group->pids[group->n_pids - 1] == pid)
		return 0;
	if ((group->n_pids & (group->n_pids + 1)) == 0) {
		more = realloc(group->pids,
			       (2 * group->n_pids + 1) * sizeof(*more));
		if (more == NULL)
			return -1;
		group->pids = more;
	}
	group->pids[group->n_pids++] = pid;
	return 0;
}

/*
 * Put a process into the group that one of its paths names.  `where` is the
 * group's path in that hierarchy, taken from the first process seen there.
 */
static int
sort_in(struct kernel *kernel, struct kernel_process *process, const char *path,
	bool is_v2, bool is_freezer)
{
	struct firn_cgroup_name name = { 0 };
	struct kernel_group *group;
	char **where;

	if (firn_cgroup_name(path, &name) == 0)
		return 0;
	process->contained = true;
	group = group_of(kernel, name.id);
	if (group == NULL || add_pid(group, process->pid) < 0)
		return -1;
	if (!is_v2 && !is_freezer)
		return 0;
	where = is_v2 ? &group->v2 : &group->freezer;
	if (*where == NULL)
		*where = strndup(path, name.length);
	return *where == NULL ? -1 : 0;
}

static int
add(struct kernel *kernel, const struct firn_proc_stat *stat,
    const struct firn_cgroup_paths *paths)
{
	struct kernel_process *process =
		&kernel->processes[kernel->n_processes++];

	*process = (struct kernel_process){
		.pid = stat->pid,
		.ppid = stat->ppid,
		.start_ticks = stat->start_ticks,
		.v2 = strdup(paths->v2),
		.freezer = strdup(paths->freezer),
	};
	memcpy(process->comm, stat->comm, stat->comm_len);
	if (process->v2 == NULL || process->freezer == NULL ||
	    sort_in(kernel, process, paths->v2, true, false) < 0 ||
	    sort_in(kernel, process, paths->freezer, false, true) < 0)
		return -1;
	if (!process->contained)
		return sort_in(kernel, process, paths->any, false, false);
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	const struct kernel_group *left = a, *right = b;

	return strcmp(left->id, right->id);
}

int
kernel_scan(const struct firn_host *host, struct kernel *ret,
	    struct firn_err *err)
{
	autodone(kernel_free) struct kernel kernel = { 0 };
	autofree struct firn_cgroup_paths *paths = malloc(sizeof(*paths));
	autofree pid_t *pids = NULL;
	size_t n;

	if (firn_proc_pids(host, &pids, &n, err) < 0)
		return -1;
	kernel.processes = calloc(n + 1, sizeof(*kernel.processes));
	if (kernel.processes == NULL || paths == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		struct firn_proc_stat stat = { 0 };
		struct firn_err gone = { 0 };

		if (firn_proc_stat(host, pids[i], &stat, &gone) < 0 ||
		    (stat.flags & FIRN_PF_KTHREAD) != 0 ||
		    firn_cgroup_of(host, pids[i], paths, &gone) < 0)
			continue;
		if (add(&kernel, &stat, paths) < 0)
			return firn_err_nomem(err);
	}
	if (kernel.n_groups > 1)
		qsort(kernel.groups, kernel.n_groups, sizeof(*kernel.groups),
		      by_id);
	*ret = kernel;
	kernel = (struct kernel){ 0 };
	return 0;
}

void
kernel_free(struct kernel *kernel)
{
	for (size_t i = 0; i < kernel->n_processes; i++) {
		free(kernel->processes[i].v2);
		free(kernel->processes[i].freezer);
	}
	for (size_t i = 0; i < kernel->n_groups; i++) {
		free(kernel->groups[i].v2);
		free(kernel->groups[i].freezer);
		free(kernel->groups[i].pids);
	}
	free(kernel->processes);
	free(kernel->groups);
	*kernel = (struct kernel){ 0 };
}

const struct kernel_process *
kernel_process(const struct kernel *kernel, pid_t pid)
{
	size_t low = 0, high = kernel->n_processes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kernel->processes[middle].pid == pid)
			return &kernel->processes[middle];
		if (kernel->processes[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct kernel_group *
kernel_group(const struct kernel *kernel, const char *id)
{
	for (size_t i = 0; i < kernel->n_groups; i++)
		if (strcmp(kernel->groups[i].id, id) == 0)
			return &kernel->groups[i];
	return NULL;
}

bool
kernel_is_live(const struct firn_host *host)
{
	struct statfs fs;

	return fstatfs(host->proc_fd, &fs) == 0 &&
	       fs.f_type == PROC_SUPER_MAGIC;
}

int
kernel_args(const struct firn_host *host, pid_t pid, char ***ret, size_t *ret_n,
	    struct firn_err *err)
{
	autoclose int fd = firn_proc_open(host, pid, "cmdline", O_RDONLY, err);
	autofree char *text = NULL;
	char **args, *copy;
	size_t n = 0;
	ssize_t len;

	if (fd < 0)
		return -1;
	text = calloc(1, ARGS_MAX + 1);
	if (text == NULL)
		return firn_err_nomem(err);
	len = firn_read_some(fd, "cmdline", text, ARGS_MAX, err);
	if (len < 0)
		return -1;
	for (ssize_t i = 0; i < len; i++)
		n += text[i] == '\0';
	args = malloc((n + 2) * sizeof(*args) + (size_t)len + 1);
	if (args == NULL)
		return firn_err_nomem(err);
	copy = (char *)(args + n + 2);
	memcpy(copy, text, (size_t)len + 1);
	*ret_n = 0;
	for (ssize_t i = 0; i < len; i += (ssize_t)strlen(copy + i) + 1)
		args[(*ret_n)++] = copy + i;
	args[*ret_n] = NULL;
	*ret = args;
	return 0;
}
