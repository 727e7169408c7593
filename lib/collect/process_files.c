#include "collect/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/spool.h"

/*
 * process_files -- the files of proc(5) as they are.
 */

struct file {
	const char *name;    /* below /proc/PID */
	const char *leaf;    /* in the archive; NULL: the same */
	const char *meaning; /* manual page */
	int text;            /* of enum firn_proc_text, or -1 */
	enum {
		ANY,
		MEMORY, /* needs an address space */
		LOCK,   /* and waits for the lock of it */
	} needs;
};

static const struct file files[] = {
	/* What the rest is understood by, and what changes first. */
	{ "stat", NULL, "proc_pid_stat(5)", FIRN_TEXT_STAT },
	{ "status", NULL, "proc_pid_status(5)", FIRN_TEXT_STATUS },
	{ "wchan", NULL, "proc_pid_wchan(5)", FIRN_TEXT_WCHAN },
	{ "syscall", NULL, "proc_pid_syscall(5)", FIRN_TEXT_SYSCALL, MEMORY },
	{ "stack", NULL, "proc_pid_stack(5)", -1 },
	{ "sched", NULL, "kernel: sched-debug", -1 },
	{ "schedstat", NULL, "kernel: sched-stats", -1 },
	{ "cmdline", NULL, "proc_pid_cmdline(5)", FIRN_TEXT_CMDLINE, LOCK },
	{ "environ", NULL, "proc_pid_environ(5)", FIRN_TEXT_ENVIRON, LOCK },
	{ "maps", NULL, "proc_pid_maps(5)", -1, LOCK },
	{ "smaps_rollup", NULL, "proc_pid_smaps(5)", -1, LOCK },
	{ "auxv", NULL, "proc_pid_auxv(5), getauxval(3)", -1, MEMORY },
	{ "limits", NULL, "proc_pid_limits(5)", FIRN_TEXT_LIMITS },
	{ "cgroup", NULL, "proc_pid_cgroup(5)", FIRN_TEXT_CGROUP },
	{ "io", NULL, "proc_pid_io(5)", FIRN_TEXT_IO },
	{ "attr/current", "attr-current", "proc_pid_attr(5)", FIRN_TEXT_LABEL },
	{ "attr/exec", "attr-exec", "proc_pid_attr(5)", -1 },
	{ "oom_score", NULL, "proc_pid_oom_score(5)", -1 },
	{ "oom_score_adj", NULL, "proc_pid_oom_score_adj(5)",
	  FIRN_TEXT_OOM_SCORE_ADJ },
	{ "loginuid", NULL, "proc_pid_loginuid(5)", FIRN_TEXT_LOGINUID },
	{ "sessionid", NULL, "proc_pid(5)", FIRN_TEXT_SESSIONID },
	{ "personality", NULL, "proc_pid_personality(5)", -1 },
	{ "uid_map", NULL, "user_namespaces(7)", -1 },
	{ "gid_map", NULL, "user_namespaces(7)", -1 },
	{ "setgroups", NULL, "user_namespaces(7)", -1 },
	{ "timens_offsets", NULL, "time_namespaces(7)", FIRN_TEXT_TIMENS },
	{ "timers", NULL, "proc_pid_timers(5)", -1 },
	{ "coredump_filter", NULL, "core(5)", -1, MEMORY },
};

/* More than any of them has unless it was made to: PR_SET_MM_ENV_END can make
 * the environment of a process as large as its address space. */
#define FILE_MAX ((uint64_t)FIRN_PROC_MAX)
/* A process may have as many mappings as vm.max_map_count says. */
#define MAPS_MAX ((uint64_t)256 << 20)

/* Errors that say "this kernel, or this process, doesn't have it". */
static bool
is_not_offered(int code)
{
	return code == ENOENT || code == EINVAL || code == EOPNOTSUPP ||
	       code == ENOSYS;
}

/* Read until the buffer is full or the file ends.  What was read before it
 * failed is good: `*ret_code` is errno(3) then, else 0. */
static size_t
fill(int fd, char *buffer, size_t size, int *ret_code)
{
	size_t have = 0;

	*ret_code = 0;
	while (have < size) {
		ssize_t n = read(fd, buffer + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			*ret_code = errno;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return have;
}

static void
keep(struct firn_process *process, const struct file *file, const char *data,
     size_t len)
{
	char *copy;

	if (file->text < 0)
		return;
	copy = malloc(len + 1);
	if (copy == NULL)
		return;
	memcpy(copy, data, len);
	copy[len] = '\0';
	process->text[file->text] = copy;
	process->len[file->text] = len;
	process->size[file->text] = len;
}

static void
set_partial(struct firn_err *why, int code, uint64_t size)
{
	errno = code;
	firn_err_sys(why, "read after %llu bytes", (unsigned long long)size);
}

/* One that is larger than the buffer, of which `have` bytes are read. */
static int
store_large(struct firn_process *process, const struct file *file, int fd,
	    size_t have, const struct firn_member_source *source,
	    struct firn_err *err)
{
	struct firn_reading *reading = process->reading;
	autospool struct firn_spool spool = firn_spool_init(AT_FDCWD);
	uint64_t max = strcmp(file->name, "maps") == 0 ? MAPS_MAX : FILE_MAX;
	char member[FIRN_MEMBER_NAME];
	struct firn_err why = { 0 };
	size_t n = have;
	int code = 0;

	while (n > 0 && spool.size < max) {
		if (firn_spool_add(&spool, reading->buffer, n, err) < 0)
			return -1;
		n = fill(fd, reading->buffer, reading->buffer_size, &code);
	}
	if (file->text >= 0)
		process->size[file->text] = spool.size;
	if (n > 0)
		firn_err_set(&why, EFBIG, "cut after %llu bytes",
			     (unsigned long long)spool.size);
	else if (code != 0)
		set_partial(&why, code, spool.size);
	if (why.code != 0)
		firn_process_lost(process, file->name, &why);
	firn_process_member(process, file->leaf ? file->leaf : file->name,
			    member);
	return firn_archive_spool(reading->archive, member, &spool, source,
				  err);
}

static int
store(struct firn_process *process, const struct file *file, int fd, size_t len,
      struct firn_err *err)
{
	struct firn_reading *reading = process->reading;
	char member[FIRN_MEMBER_NAME], path[64];
	const struct firn_member_source source = { "processes", path,
						   file->meaning };

	snprintf(path, sizeof(path), "/proc/%d/%s", process->read_pid,
		 file->name);
	keep(process, file, reading->buffer, len);
	if (len == reading->buffer_size)
		return store_large(process, file, fd, len, &source, err);
	if (len == 0)
		return 0;
	firn_process_member(process, file->leaf ? file->leaf : file->name,
			    member);
	return firn_archive_bytes(reading->archive, member, reading->buffer,
				  len, &source, err);
}

static int
read_file(struct firn_process *process, const struct file *file,
	  struct firn_err *err)
{
	struct firn_reading *reading = process->reading;
	autoclose int fd = -1;
	struct firn_err why = { 0 };
	size_t len = 0;
	int code;

	if (file->needs != ANY && !firn_process_has_memory(process))
		return 0;
	if (file->needs == LOCK && process->locked)
		return 0;
	fd = openat(process->dir_fd, file->name, O_RDONLY | O_CLOEXEC);
	code = errno;
	if (fd >= 0)
		len = fill(fd, reading->buffer, reading->buffer_size, &code);
	if (fd >= 0 && (len > 0 || code == 0) &&
	    store(process, file, fd, len, err) < 0)
		return -1;
	if (fd >= 0 && code == 0)
		return 0;
	set_partial(&why, code, len);
	if (len > 0 || !is_not_offered(code) || !firn_process_alive(process))
		firn_process_lost(process, file->name, &why);
	return 0;
}

/* One gap for all that waits for the lock of its address space. */
static void
probe(struct firn_process *process)
{
	struct firn_err why = { 0 };

	if (!firn_process_has_memory(process) ||
	    firn_opener_probe(&process->reading->opener, process->dir_fd,
			      &why) == 0)
		return;
	process->locked = true;
	firn_process_gap(process,
			 "cmdline, environ, maps, smaps_rollup, map_files",
			 &why);
}

int
firn_process_files(struct firn_process *process, struct firn_err *err)
{
	probe(process);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (process->gone)
			break;
		if (read_file(process, &files[i], err) < 0)
			return -1;
	}
	return 0;
}
