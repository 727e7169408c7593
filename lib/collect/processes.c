#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/collectors.h"
#include "collect/held.h"
#include "collect/json_stream.h"
#include "collect/process.h"
#include "collect/queues/pipes.h"
#include "collect/times.h"

/*
 * processes -- every process of the target: what it is, what it holds, and the
 * files that would be lost with it.
 */

/* More than execve(2) takes as arguments and environment, so that all of them
 * are looked at: 6 MiB, fs/exec.c, bprm_stack_limits(). */
#define BUFFER (8u << 20)

static void
gap(const struct firn_reading *reading, const char *what,
    const struct firn_err *why)
{
	firn_archive_gap(reading->archive, "processes", what, why);
}

/* The device of memory that is mounted nowhere, which a memfd shows. */
static dev_t
shmem_device(void)
{
	autoclose int fd = memfd_create("firn", MFD_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_dev : 0;
}

/* Those of the host's init.  Where a security module hides them, those of
 * kthreadd(2), which never left the ones that the kernel began with; it is the
 * second process of a host, and no container has one. */
static int
host_namespaces(const struct firn_host *host, struct firn_namespaces *ret,
		struct firn_err *why)
{
	struct firn_err second = { 0 };
	struct firn_proc_stat stat;

	if (firn_proc_namespaces(host, 1, ret, why) == 0)
		return 0;
	if (firn_proc_stat(host, 2, &stat, &second) < 0 ||
	    (stat.flags & FIRN_PF_KTHREAD) == 0)
		return -1;
	return firn_proc_namespaces(host, 2, ret, &second);
}

static int
reading_init(struct firn_reading *reading, struct firn_err *err)
{
	const struct firn_target *target = reading->target;
	struct firn_err why = { 0 };

	reading->upper_fd = -1;
	reading->buffer_size = BUFFER;
	reading->buffer = malloc(BUFFER);
	reading->digests = json_object();
	reading->copies = json_object();
	reading->pipes = json_object();
	if (reading->buffer == NULL || reading->digests == NULL ||
	    reading->copies == NULL || reading->pipes == NULL)
		return firn_err_nomem(err);
	reading->shmem = shmem_device();
	if (firn_boot_time(target->host, &reading->boot, &why) < 0)
		gap(reading, "the time of the boot", &why);
	if (host_namespaces(target->host, &reading->host, &why) < 0)
		gap(reading, "namespaces of the host's init", &why);
	if (firn_mounts_read(target->host, 1, &reading->host_mounts, &why) < 0)
		gap(reading, "mounts of the host's init", &why);
	if (target->rootfs.upper == NULL)
		return 0;
	reading->upper_fd = firn_host_file(target->host, target->rootfs.upper,
					   O_PATH | O_DIRECTORY, &why);
	if (reading->upper_fd < 0)
		gap(reading, "the upper directory", &why);
	return 0;
}

static void
reading_free(struct firn_reading *reading)
{
	firn_opener_close(&reading->opener);
	for (size_t i = 0; i < reading->n_seen_mounts; i++)
		firn_seen_mounts_free(reading->seen_mounts[i]);
	free(reading->seen_mounts);
	firn_mounts_free(&reading->host_mounts);
	firn_auto_close(&reading->upper_fd);
	json_decref(reading->digests);
	json_decref(reading->copies);
	json_decref(reading->pipes);
	free(reading->buffer);
}

/* What a process that is gone leaves: that it was there. */
static int
add_gone(const struct firn_member *member, struct firn_spool *lines,
	 struct firn_err *err)
{
	return firn_json_stream_add(lines,
				    json_pack("{s:i, s:I, s:[s]}", "pid",
					      (int)member->pid, "start_ticks",
					      (json_int_t)member->start_ticks,
					      "findings", "died"),
				    err);
}

/* Read by pid: what was read is this process's only if it's alive after. */
static void
read_namespaces(struct firn_process *process)
{
	struct firn_err why = { 0 };

	if (process->gone)
		return;
	if (firn_proc_namespaces(process->reading->target->host,
				 process->read_pid, &process->namespaces,
				 &why) == 0 &&
	    firn_process_alive(process))
		return;
	process->namespaces = (struct firn_namespaces){ 0 };
	if (why.code == 0)
		firn_err_set(&why, ESRCH, "gone");
	firn_process_lost(process, "ns", &why);
}

/* Of one that is on its way out many files are empty, which is no error. */
static void
see_it_through(struct firn_process *process)
{
	struct firn_err why = { 0 };

	if (process->gone || firn_process_alive(process))
		return;
	firn_err_set(&why, ESRCH, "gone");
	firn_process_lost(process, "its end", &why);
}

static int
read_process(struct firn_process *process, struct firn_err *err)
{
	if (firn_process_files(process, err) < 0)
		return -1;
	read_namespaces(process);
	if (firn_process_mounts(process, err) < 0)
		return -1;
	firn_process_facts(process);
	firn_process_credentials(process);
	firn_process_arguments(process);
	if (firn_process_executable(process, err) < 0 ||
	    firn_process_descriptors(process, err) < 0 ||
	    firn_process_mapped(process, err) < 0 ||
	    firn_process_threads(process, err) < 0)
		return -1;
	see_it_through(process);
	if (process->gone)
		firn_process_finding(process, "died");
	json_object_set(process->facts, "findings", process->findings);
	return 0;
}

static int
read_member(struct firn_reading *reading, const struct firn_member *member,
	    struct firn_spool *lines, struct firn_err *err)
{
	autodone(firn_process_close) struct firn_process process = {
		.dir_fd = -1,
	};
	struct firn_err why = { 0 };
	char pid[16];

	if (firn_process_open(reading, member, &process, &why) < 0) {
		snprintf(pid, sizeof(pid), "%d", member->pid);
		gap(reading, pid, &why);
		return add_gone(member, lines, err);
	}
	if (read_process(&process, err) < 0)
		return firn_err_in(err, "process %d", member->pid);
	return firn_json_stream_add(lines, firn_steal(process.facts), err);
}

static int
read_members(struct firn_reading *reading, bool pipes, struct firn_err *err)
{
	static const struct firn_member_source source = { "processes", "/proc",
							  "proc(5)" };
	autospool struct firn_spool lines = firn_spool_init(AT_FDCWD);
	const struct firn_members *members = &reading->target->members;

	for (size_t i = 0; i < members->n; i++) {
		if (read_member(reading, &members->items[i], &lines, err) < 0)
			return -1;
	}
	if (pipes && firn_pipes_write(reading, err) < 0)
		return -1;
	return firn_archive_spool(reading->archive,
				  "data/processes/processes.jsonl", &lines,
				  &source, err);
}

static int
collect(const struct firn_target *target, const struct firn_collection *what,
	struct firn_archive *archive, struct firn_err *err)
{
	autodone(reading_free) struct firn_reading reading = {
		.target = target,
		.archive = archive,
		.upper_fd = -1,
	};

	if (reading_init(&reading, err) < 0)
		return -1;
	return read_members(&reading, !what->facts_only, err);
}

const struct firn_collector firn_collect_processes = {
	.name = "processes",
	.summary = "every process: raw proc(5) files, descriptors, and the "
		   "deleted files they hold",
	.source = "proc(5)",
	.volatility = FIRN_LOST_WITH_PROCESS,
	.collect = collect,
};
