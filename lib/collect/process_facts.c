#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/held.h"
#include "collect/process.h"
#include "collect/times.h"
#include "host/cgroup.h"

static void
set_identity(struct firn_process *process)
{
	const struct firn_proc_stat *stat = &process->stat;
	json_t *facts = process->facts, *pids = json_array();
	char text[256], *rest = text, *pid, state[2] = { stat->state };

	json_object_set_new(facts, "pid", json_integer(stat->pid));
	if (firn_process_ids(process, text, sizeof(text))) {
		while ((pid = strsep(&rest, "\t ")) != NULL)
			json_array_append_new(pids,
					      json_integer(
						      strtoll(pid, NULL, 10)));
	}
	json_object_set_new(facts, "pids", pids);
	if (process->read_pid != process->member->pid)
		json_object_set_new(facts, "read_by_thread",
				    json_integer(process->read_pid));
	json_object_set_new(facts, "ppid", json_integer(stat->ppid));
	json_object_set_new(facts, "process_group", json_integer(stat->pgrp));
	json_object_set_new(facts, "session", json_integer(stat->session));
	if (stat->tty != 0)
		json_object_set_new(facts, "terminal", json_integer(stat->tty));
	firn_json_time(facts, "start",
		       firn_time_of_ticks(process->reading->boot,
					  stat->start_ticks));
	firn_json_uint(facts, "start_ticks", stat->start_ticks);
	firn_json_text(facts, "state", state);
	firn_json_bytes(facts, "comm", stat->comm, stat->comm_len);
	if ((stat->flags & FIRN_PF_KTHREAD) != 0)
		json_object_set_new(facts, "kernel_thread", json_true());
}

static void
set_membership(struct firn_process *process)
{
	static const char *const names[] = { "cgroup", "pid_namespace",
					     "mount_namespace",
					     "network_namespace", "rootfs" };
	const struct firn_member *member = process->member;
	json_t *list = json_array();

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((member->membership & 1u << i) != 0)
			json_array_append_new(list, json_string(names[i]));
	}
	json_object_set_new(process->facts, "member_by", list);
	if (member->escaped)
		firn_process_finding(process, "outside_cgroup");
	if (member->foreign)
		firn_process_finding(process, "not_the_containers");
	if (member->joined)
		firn_process_finding(process, "joined");
}

static void
set_namespaces(struct firn_process *process)
{
	const struct firn_reading *reading = process->reading;
	json_t *all = json_object();

	for (size_t i = 0; i < FIRN_N_NS; i++) {
		uint64_t inode = process->namespaces.inode[i];
		const char *of = "other";
		json_t *one;

		if (inode == 0)
			continue;
		if (inode == reading->host.inode[i])
			of = "host";
		else if (inode == reading->target->namespaces.inode[i])
			of = "container";
		one = json_object();
		firn_json_uint(one, "inode", inode);
		json_object_set_new(one, "of", json_string(of));
		json_object_set_new(all, firn_namespace_names[i], one);
	}
	json_object_set_new(process->facts, "namespaces", all);
	if (process->namespaces.inode[FIRN_NS_TIME] != 0 &&
	    process->namespaces.inode[FIRN_NS_TIME] !=
		    reading->host.inode[FIRN_NS_TIME])
		firn_process_finding(process, "time_namespace");
}

static void
set_cgroup(struct firn_process *process)
{
	const char *text = process->text[FIRN_TEXT_CGROUP];
	autofree struct firn_cgroup_paths *paths = malloc(sizeof(*paths));
	struct firn_err why = { 0 };
	json_t *cgroup;

	if (text == NULL || paths == NULL)
		return;
	if (firn_cgroup_parse(text, process->len[FIRN_TEXT_CGROUP], paths,
			      &why) < 0) {
		firn_process_gap(process, "cgroup", &why);
		return;
	}
	cgroup = json_object();
	if (paths->v2[0] != '\0')
		firn_json_text(cgroup, "v2", paths->v2);
	if (paths->freezer[0] != '\0')
		firn_json_text(cgroup, "freezer", paths->freezer);
	if (paths->any[0] != '\0')
		firn_json_text(cgroup, "deepest", paths->any);
	json_object_set_new(process->facts, "cgroup", cgroup);
}

static void
set_tracer(struct firn_process *process)
{
	const char *status = process->text[FIRN_TEXT_STATUS];
	struct firn_proc_stat stat;
	struct firn_err why = { 0 };
	char text[16];
	json_t *tracer;
	pid_t pid;

	if (status == NULL ||
	    firn_proc_status_field(status, "TracerPid", text, sizeof(text)) < 0)
		return;
	pid = (pid_t)strtol(text, NULL, 10);
	if (pid == 0)
		return;
	tracer = json_object();
	json_object_set_new(tracer, "pid", json_integer(pid));
	if (firn_proc_stat(process->reading->target->host, pid, &stat, &why) ==
	    0)
		firn_json_bytes(tracer, "comm", stat.comm, stat.comm_len);
	json_object_set_new(process->facts, "tracer", tracer);
	if (pid == process->reading->target->holder_pid) {
		json_object_set_new(tracer, "firn", json_true());
		return;
	}
	firn_process_finding(process, "traced");
}

/* "Max open files            1024                 4096                 files":
 * columns of 26, 21 and 21 characters; fs/proc/base.c, proc_pid_limits(). */
static void
set_limits(struct firn_process *process)
{
	const char *line = process->text[FIRN_TEXT_LIMITS];
	json_t *limits = json_object();

	while (line != NULL && (line = strchr(line, '\n')) != NULL) {
		char name[32] = { 0 }, soft[24] = { 0 }, hard[24] = { 0 };
		json_t *pair;

		line++;
		if (sscanf(line, "Max %22c%23s %23s", name, soft, hard) != 3)
			continue;
		for (size_t n = strlen(name); n > 0 && name[n - 1] == ' '; n--)
			name[n - 1] = '\0';
		pair = json_array();
		json_array_append_new(pair, json_string(soft));
		json_array_append_new(pair, json_string(hard));
		json_object_set_new(limits, name, pair);
	}
	json_object_set_new(process->facts, "limits", limits);
}

/* Lines of "key: number", of which those are wanted that begin with `start`;
 * kB become bytes. */
static void
set_numbers(struct firn_process *process, const char *key,
	    enum firn_proc_text which, const char *const *starts)
{
	json_t *object = json_object();
	const char *line = process->text[which];

	for (; line != NULL && *line != '\0';
	     line = *line == '\n' ? line + 1 : line) {
		char name[32], unit[8] = { 0 };
		unsigned long long value;

		if (sscanf(line, "%31[^:\n]: %llu%*[ ]%7[a-zA-Z]", name, &value,
			   unit) >= 2) {
			for (size_t i = 0; starts[i] != NULL; i++) {
				if (strncmp(name, starts[i],
					    strlen(starts[i])) != 0)
					continue;
				if (strcmp(unit, "kB") == 0)
					value *= 1024;
				firn_json_uint(object, name, value);
				break;
			}
		}
		line += strcspn(line, "\n");
	}
	if (json_object_size(object) > 0)
		json_object_set_new(process->facts, key, object);
	else
		json_decref(object);
}

static void
set_work(struct firn_process *process)
{
	static const char *const memory[] = { "Vm", "Rss", NULL };
	static const char *const any[] = { "", NULL };
	const char *wchan = process->text[FIRN_TEXT_WCHAN];
	const char *call = process->text[FIRN_TEXT_SYSCALL];
	const char *score = process->text[FIRN_TEXT_OOM_SCORE_ADJ];

	firn_json_uint(process->facts, "user_ms",
		       firn_ms_of_ticks(process->stat.user_ticks));
	firn_json_uint(process->facts, "system_ms",
		       firn_ms_of_ticks(process->stat.system_ticks));
	if (wchan != NULL && strcmp(wchan, "0") != 0)
		firn_json_text(process->facts, "wchan", wchan);
	if (call != NULL)
		firn_json_bytes(process->facts, "syscall", call,
				strcspn(call, "\n"));
	if (score != NULL)
		json_object_set_new(process->facts, "oom_score_adj",
				    json_integer(strtol(score, NULL, 10)));
	set_numbers(process, "memory", FIRN_TEXT_STATUS, memory);
	set_numbers(process, "io", FIRN_TEXT_IO, any);
}

/* A folder without links has been removed; one deeper than PATH_MAX has a
 * name that can't be read, and is there all the same. */
static void
set_folder(struct firn_process *process, const char *name, const char *finding)
{
	autofree char *path = NULL;
	struct firn_err why = { 0 };
	struct statx st;
	size_t len;

	if (process->gone)
		return;
	if (firn_process_link(process, name, &path, &len, &why) == 0)
		firn_json_bytes(process->facts, name, path, len);
	else
		firn_process_lost(process, name, &why);
	if (!process->gone && firn_held_stat(process, name, &st, &why) == 0 &&
	    st.stx_nlink == 0)
		firn_process_finding(process, finding);
}

void
firn_process_facts(struct firn_process *process)
{
	set_identity(process);
	set_membership(process);
	set_namespaces(process);
	set_cgroup(process);
	set_tracer(process);
	set_limits(process);
	set_work(process);
	if (firn_process_has_memory(process)) {
		set_folder(process, "cwd", "cwd_deleted");
		set_folder(process, "root", "root_deleted");
	}
}
