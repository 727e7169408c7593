#include "collect/host_processes.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/spool.h"
#include "collect/json_stream.h"
#include "collect/times.h"
#include "host/cgroup.h"
#include "host/proc.h"

static void
set_places(const struct firn_host *host, pid_t pid, json_t *line)
{
	autofree struct firn_cgroup_paths *paths = malloc(sizeof(*paths));
	struct firn_namespaces namespaces;
	struct firn_err why = { 0 };
	char exe[PATH_MAX];
	json_t *inodes;

	if (firn_proc_link(host, pid, "exe", exe, sizeof(exe), &why) == 0)
		firn_json_text(line, "exe", exe);
	if (paths != NULL && firn_cgroup_of(host, pid, paths, &why) == 0)
		firn_json_text(line, "cgroup",
			       paths->v2[0] != '\0' &&
					       strcmp(paths->v2, "/") != 0
				       ? paths->v2
				       : paths->any);
	if (firn_proc_namespaces(host, pid, &namespaces, &why) < 0)
		return;
	inodes = json_object();
	for (size_t i = 0; i < FIRN_N_NS; i++) {
		if (namespaces.inode[i] != 0)
			firn_json_uint(inodes, firn_namespace_names[i],
				       namespaces.inode[i]);
	}
	json_object_set_new(line, "namespaces", inodes);
}

static json_t *
describe(const struct firn_host *host, pid_t pid, struct timespec boot)
{
	json_t *line = json_object();
	struct firn_proc_stat stat;
	struct firn_err why = { 0 };
	char state[2] = { 0 };

	json_object_set_new(line, "pid", json_integer(pid));
	if (firn_proc_stat(host, pid, &stat, &why) < 0) {
		json_object_set_new(line, "ended", json_true());
		return line;
	}
	state[0] = stat.state;
	json_object_set_new(line, "ppid", json_integer(stat.ppid));
	firn_json_time(line, "start",
		       firn_time_of_ticks(boot, stat.start_ticks));
	firn_json_uint(line, "start_ticks", stat.start_ticks);
	firn_json_text(line, "state", state);
	firn_json_bytes(line, "comm", stat.comm, stat.comm_len);
	if ((stat.flags & FIRN_PF_KTHREAD) != 0)
		json_object_set_new(line, "kernel_thread", json_true());
	else
		set_places(host, pid, line);
	return line;
}

int
firn_host_processes(const struct firn_host *host, struct firn_archive *archive,
		    struct firn_err *err)
{
	static const struct firn_member_source source = { "host", "/proc",
							  "proc(5)" };
	autospool struct firn_spool lines = firn_spool_init(AT_FDCWD);
	autofree pid_t *pids = NULL;
	struct timespec boot = { 0 };
	struct firn_err why = { 0 };
	size_t n;

	if (firn_boot_time(host, &boot, &why) < 0)
		firn_archive_gap(archive, "host", "the time of the boot", &why);
	if (firn_proc_pids(host, &pids, &n, &why) < 0) {
		firn_archive_gap(archive, "host", "processes", &why);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (firn_json_stream_add(&lines, describe(host, pids[i], boot),
					 err) < 0)
			return -1;
	}
	return firn_archive_spool(archive, "data/host/processes.jsonl", &lines,
				  &source, err);
}
