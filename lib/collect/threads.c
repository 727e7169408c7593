#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "collect/json_stream.h"
#include "collect/process.h"
#include "collect/times.h"

/*
 * threads -- what each thread of a process is doing.
 *
 * Credentials, capabilities and seccomp belong to the thread, not to the
 * process: one may have kept what the others gave up.
 */

static char *
read_text(const struct firn_process *process, pid_t tid, const char *name,
	  struct firn_err *why)
{
	char path[64], *text;
	size_t len;

	snprintf(path, sizeof(path), "task/%d/%s", tid, name);
	if (firn_read_at(process->dir_fd, path, FIRN_PROC_MAX, &text, &len,
			 why) < 0)
		return NULL;
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return text;
}

static void
set_text(json_t *thread, const char *key, const struct firn_process *process,
	 pid_t tid, const char *name)
{
	struct firn_err why = { 0 };
	autofree char *text = read_text(process, tid, name, &why);

	firn_json_text(thread, key, text);
}

static void
set_status(json_t *thread, const char *status)
{
	static const struct {
		const char *key, *field;
	} fields[] = {
		{ "pids", "NSpid" },
		{ "uids", "Uid" },
		{ "gids", "Gid" },
		{ "tracer", "TracerPid" },
		{ "cap_effective", "CapEff" },
		{ "cap_permitted", "CapPrm" },
		{ "no_new_privs", "NoNewPrivs" },
		{ "seccomp", "Seccomp" },
		{ "seccomp_filters", "Seccomp_filters" },
		{ "signals_blocked", "SigBlk" },
		{ "signals_pending", "SigPnd" },
		{ "switches", "voluntary_ctxt_switches" },
		{ "switches_forced", "nonvoluntary_ctxt_switches" },
	};
	char value[256];

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (firn_proc_status_field(status, fields[i].field, value,
					   sizeof(value)) >= 0)
			firn_json_text(thread, fields[i].key, value);
	}
}

static void
compare(struct firn_process *process, const char *status)
{
	static const char *const fields[] = { "Uid", "CapEff", "Seccomp" };
	const char *leader = process->text[FIRN_TEXT_STATUS];
	char own[64], others[64];

	for (size_t i = 0;
	     leader != NULL && i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (firn_proc_status_field(status, fields[i], own,
					   sizeof(own)) >= 0 &&
		    firn_proc_status_field(leader, fields[i], others,
					   sizeof(others)) >= 0 &&
		    strcmp(own, others) != 0)
			firn_process_finding(process,
					     "thread_credentials_differ");
	}
}

static json_t *
read_thread(struct firn_process *process, pid_t tid, struct firn_err *why)
{
	autofree char *line = read_text(process, tid, "stat", why);
	autofree char *status = NULL;
	struct firn_proc_stat stat;
	json_t *thread;
	char state[2] = { 0 };

	if (line == NULL ||
	    firn_proc_parse_stat(line, strlen(line), &stat, why) < 0)
		return NULL;
	thread = json_object();
	json_object_set_new(thread, "tid", json_integer(tid));
	firn_json_bytes(thread, "comm", stat.comm, stat.comm_len);
	state[0] = stat.state;
	firn_json_text(thread, "state", state);
	firn_json_uint(thread, "start_ticks", stat.start_ticks);
	firn_json_time(thread, "start",
		       firn_time_of_ticks(process->reading->boot,
					  stat.start_ticks));
	firn_json_uint(thread, "user_ms", firn_ms_of_ticks(stat.user_ticks));
	firn_json_uint(thread, "system_ms",
		       firn_ms_of_ticks(stat.system_ticks));
	set_text(thread, "wchan", process, tid, "wchan");
	set_text(thread, "syscall", process, tid, "syscall");
	set_text(thread, "stack", process, tid, "stack");
	status = read_text(process, tid, "status", why);
	if (status != NULL) {
		set_status(thread, status);
		compare(process, status);
	}
	return thread;
}

static int
read_all(struct firn_process *process, const pid_t *tids, size_t n,
	 struct firn_spool *spool, struct firn_err *err)
{
	for (size_t i = 0; i < n && !process->gone; i++) {
		struct firn_err why = { 0 };
		json_t *thread = read_thread(process, tids[i], &why);
		char name[32];

		if (thread != NULL) {
			if (firn_json_array_add(spool, thread, err) < 0)
				return -1;
			continue;
		}
		snprintf(name, sizeof(name), "task/%d", tids[i]);
		firn_process_lost(process, name, &why);
	}
	return firn_json_array_end(spool, err);
}

int
firn_process_threads(struct firn_process *process, struct firn_err *err)
{
	autospool struct firn_spool spool = firn_spool_init(AT_FDCWD);
	autofree pid_t *tids = NULL;
	char member[FIRN_MEMBER_NAME], path[32];
	const struct firn_member_source source = { "processes", path,
						   "proc_pid_task(5)" };
	struct firn_err why = { 0 };
	size_t n = 0;

	if (process->gone)
		return 0;
	if (firn_proc_threads(process->reading->target->host, process->read_pid,
			      &tids, &n, &why) < 0 ||
	    !firn_process_alive(process)) {
		if (why.code == 0)
			firn_err_set(&why, ESRCH, "gone");
		firn_process_lost(process, "task", &why);
		return 0;
	}
	json_object_set_new(process->facts, "n_threads",
			    json_integer((json_int_t)n));
	/* Of the only one, all stands in the files of the process. */
	if (n < 2)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task", process->read_pid);
	if (read_all(process, tids, n, &spool, err) < 0)
		return -1;
	firn_process_member(process, "threads.json", member);
	return firn_archive_spool(process->reading->archive, member, &spool,
				  &source, err);
}
