#ifndef TESTS_TARGET_RECORD_H
#define TESTS_TARGET_RECORD_H

/*
 * record -- a host as a small tree of files: /proc, /sys/fs/cgroup and the
 * runtimes' state, below a temporary folder.
 */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firn/host.h"

static struct {
	char folder[64];
	struct firn_host host;
} record;

static struct firn_err err;

/* The folders above a path of the record. */
static inline void
record_parents(const char *path)
{
	char full[2 * PATH_MAX];
	size_t base = strlen(record.folder);

	snprintf(full, sizeof(full), "%s%s", record.folder, path);
	for (char *at = full + base + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		ck_assert(mkdir(full, 0755) == 0 || errno == EEXIST);
		*at = '/';
	}
}

static inline void
record_file(const char *path, const char *text, size_t len)
{
	char full[2 * PATH_MAX];
	FILE *file;

	record_parents(path);
	snprintf(full, sizeof(full), "%s%s", record.folder, path);
	file = fopen(full, "we");
	ck_assert_msg(file != NULL, "%s: %s", full, strerror(errno));
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void
record_text(const char *path, const char *text)
{
	record_file(path, text, strlen(text));
}

static inline void
record_link(const char *path, const char *to)
{
	char full[2 * PATH_MAX];

	record_parents(path);
	snprintf(full, sizeof(full), "%s%s", record.folder, path);
	ck_assert_msg(symlink(to, full) == 0, "%s: %s", full, strerror(errno));
}

static inline void
record_folder(const char *path)
{
	char inside[PATH_MAX];

	snprintf(inside, sizeof(inside), "%s/", path);
	record_parents(inside);
}

struct record_process {
	int pid, ppid, start;
	const char *comm;
	const char *cgroup;  /* on v2 */
	int namespaces;      /* inode of all of them but the user's */
	int inner_pid;       /* in its own pid namespace; 0 for the host's */
	const char *overlay; /* super options of its root, or NULL for ext4 */
};

/* A process; its control group is made too. */
static inline void
record_process(const struct record_process *process)
{
	static const char *const spaces[] = { "cgroup", "ipc", "mnt", "net",
					      "pid",    "uts", "time" };
	char path[128], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/stat", process->pid);
	snprintf(text, sizeof(text),
		 "%d (%s) S %d 1 1 0 -1 4194560 0 0 0 0 1 1 0 0 20 0 1 0 %d "
		 "1000 10 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "
		 "0 0 0 0\n",
		 process->pid, process->comm, process->ppid, process->start);
	record_text(path, text);
	snprintf(path, sizeof(path), "/proc/%d/cgroup", process->pid);
	snprintf(text, sizeof(text), "0::%s\n", process->cgroup);
	record_text(path, text);
	snprintf(path, sizeof(path), "/proc/%d/status", process->pid);
	if (process->inner_pid != 0)
		snprintf(text, sizeof(text), "Name:\t%s\nNSpid:\t%d\t%d\n",
			 process->comm, process->pid, process->inner_pid);
	else
		snprintf(text, sizeof(text), "Name:\t%s\nNSpid:\t%d\n",
			 process->comm, process->pid);
	record_text(path, text);
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", process->pid);
	snprintf(text, sizeof(text),
		 "30 29 0:%d / / rw,relatime - %s x rw%s%s\n"
		 "31 30 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		 process->namespaces, process->overlay ? "overlay" : "ext4",
		 process->overlay ? "," : "",
		 process->overlay ? process->overlay : "");
	record_text(path, text);
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", process->pid,
			 spaces[i]);
		snprintf(text, sizeof(text), "%s:[%d]", spaces[i],
			 process->namespaces);
		record_link(path, text);
	}
	snprintf(text, sizeof(text), "/sys/fs/cgroup%s", process->cgroup);
	record_folder(text);
}

/* A host with systemd as pid 1 and firn as pid 2000. */
static inline void
record_start(void)
{
	static const struct record_process some[] = {
		{ .pid = 1,
		  .comm = "systemd",
		  .start = 5,
		  .cgroup = "/init.scope",
		  .namespaces = 10 },
		{ .pid = 2000,
		  .ppid = 1,
		  .comm = "firn",
		  .start = 9000,
		  .cgroup = "/user.slice",
		  .namespaces = 10 },
	};

	err = (struct firn_err){ 0 };
	snprintf(record.folder, sizeof(record.folder),
		 "/tmp/firn-record-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(record.folder));
	record_process(&some[0]);
	record_process(&some[1]);
	record_link("/proc/self", "2000");
	ck_ok(firn_host_open(&record.host, record.folder, &err));
}

static inline int
record_remove(const char *path, const struct stat *st, int type,
	      struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline void
record_clear(void)
{
	firn_host_close(&record.host);
	nftw(record.folder, record_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
