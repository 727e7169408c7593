#include "collect/host/host_hidden.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/spool.h"
#include "collect/json_stream.h"
#include "host/mountinfo.h"
#include "host/proc.h"
#include "target/namespaces.h"

static json_t *
views_json(unsigned views)
{
	static const struct {
		enum firn_seen_by bit;
		const char *name;
	} names[] = {
		{ FIRN_SEEN_READDIR, "readdir" },
		{ FIRN_SEEN_CGROUPS, "cgroups" },
		{ FIRN_SEEN_PIDS, "pids" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((views & names[i].bit) != 0)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

/* Who is hidden from a list only is told of by its folder all the same. */
static void
set_process(const struct firn_host *host, pid_t pid, json_t *line)
{
	struct firn_proc_stat stat;
	struct firn_err gone = { 0 };
	char exe[PATH_MAX];

	json_object_set_new(line, "pid", json_integer(pid));
	if (firn_proc_stat(host, pid, &stat, &gone) == 0)
		firn_json_bytes(line, "comm", stat.comm, stat.comm_len);
	if (firn_proc_link(host, pid, "exe", exe, sizeof(exe), &gone) == 0)
		firn_json_text(line, "exe", exe);
}

static int
add_differences(const struct firn_host *host, struct firn_archive *archive,
		struct firn_spool *lines, struct firn_err *err)
{
	struct firn_hidden hidden = { 0 };
	struct firn_err why = { 0 };
	int done = 0;

	if (firn_hidden_find(host, &hidden, &why) < 0)
		firn_archive_gap(archive, "host", "hidden processes", &why);
	for (size_t i = 0; i < hidden.n && done == 0; i++) {
		json_t *line = json_object();

		set_process(host, hidden.items[i].pid, line);
		json_object_set_new(line, "seen_by",
				    views_json(hidden.items[i].seen_by));
		json_object_set_new(line, "missing_in",
				    views_json(hidden.items[i].missing_in));
		done = firn_json_stream_add(lines, line, err);
	}
	free(hidden.items);
	return done;
}

/* Of the mounts that lie on a process's folder below a proc(5), or on a file in
 * it: whose.  0 for another one. */
static pid_t
covers(const struct firn_mounts *mounts, const struct firn_mount *mount)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const struct firn_mount *proc = &mounts->items[i];
		size_t len = strlen(proc->point);
		char *end;
		long pid;

		if (strcmp(proc->fstype, "proc") != 0 ||
		    strcmp(proc->root, "/") != 0 ||
		    strncmp(mount->point, proc->point, len) != 0 ||
		    mount->point[len] != '/' || mount->point[len + 1] < '1' ||
		    mount->point[len + 1] > '9')
			continue;
		errno = 0;
		pid = strtol(mount->point + len + 1, &end, 10);
		if (errno == 0 && pid <= INT32_MAX &&
		    (*end == '\0' || *end == '/'))
			return (pid_t)pid;
	}
	return 0;
}

static int
add_mounts(const struct firn_host *host, pid_t viewer, struct firn_spool *lines,
	   struct firn_err *err)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	struct firn_err why = { 0 };

	/* It stands as a gap of "mountinfo" already. */
	if (firn_mounts_read(host, viewer, &mounts, &why) < 0)
		return 0;
	for (size_t i = 0; i < mounts.n; i++) {
		const struct firn_mount *mount = &mounts.items[i];
		pid_t pid = covers(&mounts, mount);
		json_t *line, *where;

		if (pid == 0)
			continue;
		line = json_object();
		json_object_set_new(line, "pid", json_integer(pid));
		json_object_set_new(line, "seen_by",
				    json_pack("[s]", "mounts"));
		json_object_set_new(line, "missing_in",
				    json_pack("[s]", "proc"));
		where = json_object();
		firn_json_text(where, "point", mount->point);
		firn_json_text(where, "root", mount->root);
		firn_json_text(where, "fstype", mount->fstype);
		firn_json_text(where, "source", mount->source);
		json_object_set_new(line, "mount", where);
		if (firn_json_stream_add(lines, line, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_host_hidden(const struct firn_host *host, struct firn_archive *archive,
		 struct firn_err *err)
{
	static const struct firn_member_source source = {
		"host", "/proc, cgroup.procs, getpgid(2), /proc/1/mountinfo",
		"firn-archive(5)"
	};
	autospool struct firn_spool lines = firn_spool_init(AT_FDCWD);
	pid_t self = namespaces_own_pid(host);

	/* The kernel that we could ask is not that of a record. */
	if (self != 0 && add_differences(host, archive, &lines, err) < 0)
		return -1;
	if (add_mounts(host, 1, &lines, err) < 0)
		return -1;
	if (self != 0 &&
	    namespace_of(host, self, FIRN_NS_MNT) !=
		    namespace_of(host, 1, FIRN_NS_MNT) &&
	    add_mounts(host, 0, &lines, err) < 0)
		return -1;
	return firn_archive_spool(archive, "data/host/hidden.jsonl", &lines,
				  &source, err);
}
