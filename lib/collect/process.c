#include "collect/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

#define STAT_MAX 4096

static int
read_stat(int dir_fd, struct firn_proc_stat *ret, struct firn_err *err)
{
	autofree char *text = NULL;
	size_t len;

	if (firn_read_at(dir_fd, "stat", STAT_MAX, &text, &len, err) < 0)
		return -1;
	return firn_proc_parse_stat(text, len, ret, err);
}

/* include/linux/sched.h; it has begun to give up what it holds.  One that is
 * held at the door (PTRACE_EVENT_EXIT) has not. */
#define PF_EXITING 0x00000004u

static bool
is_dying(const struct firn_proc_stat *stat)
{
	return stat->state == 'Z' || stat->state == 'X' ||
	       (stat->flags & PF_EXITING) != 0;
}

static char *
read_whole(int dir_fd, const char *name, struct firn_err *why)
{
	char *text = NULL;

	return firn_read_at(dir_fd, name, FIRN_PROC_MAX, &text, NULL, why) < 0
		       ? NULL
		       : text;
}

static int
open_folder(const struct firn_reading *reading, pid_t pid)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", pid);
	return openat(reading->target->host->proc_fd, name,
		      O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/*
 * A process whose first thread has ended is shown as a zombie without memory
 * and descriptors, and lives on in the others: read it by one of those, which
 * have a folder in /proc too, if unlisted.
 */
static void
look_behind(struct firn_process *process)
{
	const struct firn_host *host = process->reading->target->host;
	autofree pid_t *tids = NULL;
	struct firn_err why = { 0 };
	struct firn_proc_stat stat;
	size_t n = 0;

	if (process->stat.state != 'Z' ||
	    firn_proc_threads(host, process->member->pid, &tids, &n, &why) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		autoclose int fd = open_folder(process->reading, tids[i]);

		if (fd < 0 || read_stat(fd, &stat, &why) < 0 || is_dying(&stat))
			continue;
		firn_process_finding(process, "first_thread_ended");
		process->first_status =
			read_whole(process->dir_fd, "status", &why);
		stat.pid = process->member->pid;
		stat.start_ticks = process->stat.start_ticks;
		process->stat = stat;
		process->read_pid = tids[i];
		close(process->dir_fd);
		process->dir_fd = firn_steal_fd(&fd);
		return;
	}
}

bool
firn_process_ids(const struct firn_process *process, char *ret, size_t size)
{
	const char *status = process->first_status != NULL
				     ? process->first_status
				     : process->text[FIRN_TEXT_STATUS];

	return status != NULL &&
	       firn_proc_status_field(status, "NSpid", ret, size) >= 0;
}

int
firn_process_open(struct firn_reading *reading,
		  const struct firn_member *member, struct firn_process *ret,
		  struct firn_err *err)
{
	autoclose int dir_fd = -1;
	struct firn_proc_stat stat;

	dir_fd = open_folder(reading, member->pid);
	if (dir_fd < 0 && errno == ENOENT)
		return firn_err_set(err, ESRCH, "died before it was read");
	if (dir_fd < 0)
		return firn_err_sys(err, "open /proc/%d", member->pid);
	if (read_stat(dir_fd, &stat, err) < 0)
		return -1;
	if (stat.start_ticks != member->start_ticks)
		return firn_err_set(err, ESRCH,
				    "died before it was read; its pid is "
				    "another process's");

	*ret = (struct firn_process){
		.reading = reading,
		.member = member,
		.read_pid = member->pid,
		.dir_fd = firn_steal_fd(&dir_fd),
		.stat = stat,
		.facts = json_object(),
		.findings = json_array(),
	};
	if (ret->facts == NULL || ret->findings == NULL) {
		firn_process_close(ret);
		return firn_err_nomem(err);
	}
	look_behind(ret);
	return 0;
}

void
firn_process_close(struct firn_process *process)
{
	firn_auto_close(&process->dir_fd);
	for (size_t i = 0; i < FIRN_N_TEXTS; i++)
		free(process->text[i]);
	free(process->root);
	free(process->first_status);
	json_decref(process->facts);
	json_decref(process->findings);
	*process = (struct firn_process){ .dir_fd = -1 };
}

void
firn_process_finding(struct firn_process *process, const char *name)
{
	size_t i;
	json_t *known;

	json_array_foreach(process->findings, i, known) {
		if (strcmp(json_string_value(known), name) == 0)
			return;
	}
	json_array_append_new(process->findings, json_string(name));
}

void
firn_process_gap(struct firn_process *process, const char *name,
		 const struct firn_err *why)
{
	char what[128];

	snprintf(what, sizeof(what), "%d/%s", process->member->pid, name);
	firn_archive_gap(process->reading->archive, "processes", what, why);
}

/* A zombie stays what it was; one that became it is read no further. */
bool
firn_process_alive(const struct firn_process *process)
{
	struct firn_proc_stat now;
	struct firn_err why = { 0 };

	if (read_stat(process->dir_fd, &now, &why) < 0)
		return false;
	return process->stat.state == 'Z' || !is_dying(&now);
}

void
firn_process_lost(struct firn_process *process, const char *name,
		  const struct firn_err *why)
{
	struct firn_err died = { 0 };

	if (firn_process_alive(process)) {
		firn_process_gap(process, name, why);
		return;
	}
	if (process->gone)
		return;
	process->gone = true;
	firn_err_set(&died, ESRCH, "died while it was read, at %s", name);
	firn_process_gap(process, name, &died);
}

bool
firn_process_has_memory(const struct firn_process *process)
{
	return process->stat.state != 'Z' && process->stat.state != 'X' &&
	       (process->stat.flags & FIRN_PF_KTHREAD) == 0;
}

void
firn_process_member(const struct firn_process *process, const char *leaf,
		    char ret[FIRN_MEMBER_NAME])
{
	snprintf(ret, FIRN_MEMBER_NAME, "data/processes/%d/%s",
		 process->member->pid, leaf);
}

/* Deeper than PATH_MAX is possible for a working directory, and readlink(2)
 * refuses that itself. */
int
firn_process_link(const struct firn_process *process, const char *name,
		  char **ret, size_t *ret_len, struct firn_err *err)
{
	char link[4096 + 1], *copy;
	ssize_t len;

	len = readlinkat(process->dir_fd, name, link, sizeof(link));
	if (len < 0)
		return firn_err_sys(err, "readlink %s", name);
	if ((size_t)len >= sizeof(link))
		return firn_err_set(err, ENAMETOOLONG, "readlink %s", name);
	copy = malloc((size_t)len + 1);
	if (copy == NULL)
		return firn_err_nomem(err);
	memcpy(copy, link, (size_t)len);
	copy[len] = '\0';
	*ret = copy;
	*ret_len = (size_t)len;
	return 0;
}
