#include "collect/host/host_processes.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/spool.h"
#include "collect/host/host_libraries.h"
#include "collect/json_stream.h"
#include "collect/times.h"
#include "host/cgroup.h"
#include "host/proc.h"
#include "target/kernel.h"

#define DELETED " (deleted)"

/* A file without links has no name any more; one that is called so has. */
static bool
cut_deleted(char *path, const struct statx *st)
{
	size_t len = strlen(path), end = strlen(DELETED);

	if (st->stx_nlink != 0 || len <= end ||
	    strcmp(path + len - end, DELETED) != 0)
		return false;
	path[len - end] = '\0';
	return true;
}

static void
set_exe(const struct firn_host *host, struct firn_host_process *process,
	json_t *line)
{
	struct statx st = { .stx_nlink = 1 };
	struct firn_err why = { 0 };
	char exe[PATH_MAX];
	autoclose int fd = -1;

	if (firn_proc_link(host, process->pid, "exe", exe, sizeof(exe), &why) <
	    0)
		return;
	fd = firn_proc_open(host, process->pid, "exe", O_PATH, &why);
	/* No server is asked: it may be the suspect's. */
	if (fd >= 0 && statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
			     STATX_INO | STATX_NLINK, &st) == 0) {
		process->device = makedev(st.stx_dev_major, st.stx_dev_minor);
		process->inode = st.stx_ino;
		firn_json_uint(line, "exe_device", process->device);
		firn_json_uint(line, "exe_inode", process->inode);
		process->deleted = cut_deleted(exe, &st);
	}
	firn_json_text(line, "exe", exe);
	json_object_set_new(line, "deleted", json_boolean(process->deleted));
	process->exe = strdup(exe);
}

static void
set_cgroup(const struct firn_host *host, struct firn_host_process *process,
	   json_t *line)
{
	autofree struct firn_cgroup_paths *paths = malloc(sizeof(*paths));
	struct firn_cgroup_name name;
	struct firn_err why = { 0 };

	if (paths == NULL ||
	    firn_cgroup_of(host, process->pid, paths, &why) < 0)
		return;
	firn_json_text(line, "cgroup",
		       paths->v2[0] != '\0' && strcmp(paths->v2, "/") != 0
			       ? paths->v2
			       : paths->any);
	process->contained = firn_cgroup_name(paths->v2, &name) != 0 ||
			     firn_cgroup_name(paths->any, &name) != 0;
}

static void
set_namespaces(const struct firn_host *host, pid_t pid, json_t *line)
{
	struct firn_namespaces namespaces;
	struct firn_err why = { 0 };
	json_t *inodes;

	if (firn_proc_namespaces(host, pid, &namespaces, &why) < 0)
		return;
	inodes = json_object();
	for (size_t i = 0; i < FIRN_N_NS; i++) {
		if (namespaces.inode[i] != 0)
			firn_json_uint(inodes, firn_namespace_names[i],
				       namespaces.inode[i]);
	}
	firn_json_uint(line, "mount_namespace", namespaces.inode[FIRN_NS_MNT]);
	firn_json_uint(line, "pid_namespace", namespaces.inode[FIRN_NS_PID]);
	json_object_set_new(line, "namespaces", inodes);
}

static void
set_root(const struct firn_host *host, pid_t pid, json_t *line)
{
	struct kernel_place root = kernel_place_of(host, pid, "root");

	if (root.inode != 0)
		firn_json_uint(line, "root_device", root.device);
}

static void
set_stat(const struct firn_proc_stat *stat, struct timespec boot, json_t *line)
{
	char state[2] = { stat->state, '\0' };

	json_object_set_new(line, "ppid", json_integer(stat->ppid));
	firn_json_time(line, "start",
		       firn_time_of_ticks(boot, stat->start_ticks));
	firn_json_uint(line, "start_ticks", stat->start_ticks);
	firn_json_text(line, "state", state);
	firn_json_bytes(line, "comm", stat->comm, stat->comm_len);
	firn_json_uint(line, "user_ms", firn_ms_of_ticks(stat->user_ticks));
	firn_json_uint(line, "system_ms", firn_ms_of_ticks(stat->system_ticks));
}

static json_t *
describe(const struct firn_host *host, struct firn_host_process *process,
	 struct timespec boot)
{
	json_t *line = json_object();
	struct firn_proc_stat stat;
	struct firn_err why = { 0 };

	json_object_set_new(line, "pid", json_integer(process->pid));
	if (firn_proc_stat(host, process->pid, &stat, &why) < 0) {
		json_object_set_new(line, "ended", json_true());
		return line;
	}
	memcpy(process->comm, stat.comm, sizeof(process->comm));
	process->comm_len = stat.comm_len;
	process->kernel = (stat.flags & FIRN_PF_KTHREAD) != 0;
	set_stat(&stat, boot, line);
	if (process->kernel) {
		json_object_set_new(line, "kernel_thread", json_true());
		return line;
	}
	set_exe(host, process, line);
	set_cgroup(host, process, line);
	set_namespaces(host, process->pid, line);
	set_root(host, process->pid, line);
	return line;
}

static int
make_view(const struct firn_host *host, struct firn_host_view *ret,
	  struct firn_err *err)
{
	autofree pid_t *pids = NULL;
	size_t n;

	if (firn_proc_pids(host, &pids, &n, err) < 0)
		return -1;
	ret->items = calloc(n + 1, sizeof(*ret->items));
	if (ret->items == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < n; i++)
		ret->items[i].pid = pids[i];
	ret->n = n;
	return 0;
}

int
firn_host_processes(const struct firn_target *target,
		    struct firn_archive *archive, struct firn_host_view *ret,
		    struct firn_err *err)
{
	static const struct firn_member_source source = { "host", "/proc",
							  "proc(5)" };
	autospool struct firn_spool lines = firn_spool_init(AT_FDCWD);
	autodone(firn_libraries_end) struct firn_libraries libraries = { 0 };
	struct timespec boot = { 0 };
	struct firn_err why = { 0 };

	if (firn_boot_time(target->host, &boot, &why) < 0)
		firn_archive_gap(archive, "host", "the time of the boot", &why);
	if (make_view(target->host, ret, &why) < 0) {
		firn_archive_gap(archive, "host", "processes", &why);
		return 0;
	}
	firn_libraries_begin(&libraries, target, archive);
	for (size_t i = 0; i < ret->n; i++) {
		struct firn_host_process *process = &ret->items[i];
		json_t *line = describe(target->host, process, boot);

		firn_libraries_add(&libraries, process, line);
		if (firn_json_stream_add(&lines, line, err) < 0)
			return -1;
	}
	return firn_archive_spool(archive, "data/host/processes.jsonl", &lines,
				  &source, err);
}

void
firn_host_view_free(struct firn_host_view *view)
{
	for (size_t i = 0; i < view->n; i++)
		free(view->items[i].exe);
	free(view->items);
	*view = (struct firn_host_view){ 0 };
}

static int
by_pid(const void *a, const void *b)
{
	const struct firn_host_process *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

const struct firn_host_process *
firn_host_process(const struct firn_host_view *view, pid_t pid)
{
	struct firn_host_process wanted = { .pid = pid };

	if (view->n == 0)
		return NULL;
	return bsearch(&wanted, view->items, view->n, sizeof(wanted), by_pid);
}
