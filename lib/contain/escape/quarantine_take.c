#include <errno.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "contain/escape/quarantine.h"
#include "contain/escape/quarantine_place.h"
#include "host/proc.h"

/* As many as are ready before the first of them is moved. */
#define STRAYS_AT_ONCE 64
/* The longest names in the world are to fit into FIRN_LEDGER_LINE_MAX. */
#define MOVES_PER_LINE 32

static int
add_move(const struct firn_quarantine *quarantine, pid_t pid, pid_t tid,
	 json_t *moves, struct firn_err *err)
{
	autodone(firn_cgroup_place_free) struct firn_cgroup_place place = { 0 };
	struct firn_proc_stat stat = { 0 };
	json_t *move;

	if (firn_proc_stat(quarantine->host, tid, &stat, err) < 0 ||
	    firn_cgroup_place_of(quarantine->host, quarantine->hierarchy,
				 quarantine->mount, tid, &place, err) < 0)
		return -1;
	move = json_object();
	firn_json_uint(move, "pid", (uint64_t)pid);
	firn_json_uint(move, "tid", (uint64_t)tid);
	firn_json_uint(move, "start_ticks", stat.start_ticks);
	firn_cgroup_place_json(&place, move);
	return json_array_append_new(moves, move) < 0 ? firn_err_nomem(err) : 0;
}

/* The process first; its threads have a place of their own only where they are
 * told apart: on v1, or in threaded cgroups. */
static int
plan(const struct firn_quarantine *quarantine, const struct firn_tasks *held,
     const struct firn_stray *stray, json_t *moves, struct firn_err *err)
{
	bool v1 = quarantine->hierarchy == FIRN_V1;
	autofree pid_t *tids = NULL;
	const json_t *first = NULL;
	size_t n = 0;

	if (firn_proc_threads(quarantine->host, stray->pid, &tids, &n, err) < 0)
		return -1;
	if (!v1) {
		if (add_move(quarantine, stray->pid, stray->pid, moves, err) <
		    0)
			return -1;
		first = json_array_get(moves, json_array_size(moves) - 1);
	}
	for (size_t i = 0; i < n; i++) {
		size_t last = json_array_size(moves);
		struct firn_err gone = { 0 };

		if (v1 ? firn_tasks_have(held, tids[i]) : tids[i] == stray->pid)
			continue;
		if (add_move(quarantine, stray->pid, tids[i], moves, &gone) <
		    0) {
			if (gone.code == ENOENT || gone.code == ESRCH)
				continue;
			*err = gone;
			return -1;
		}
		if (first != NULL &&
		    json_equal(json_object_get(first, "inode"),
			       json_object_get(json_array_get(moves, last),
					       "inode")))
			json_array_remove(moves, last);
	}
	return 0;
}

static pid_t
task_of(const json_t *move, const char *key)
{
	return (pid_t)json_integer_value(json_object_get(move, key));
}

/* A pid may be another's by now; that one is let go at once. */
static int
check_moved(const struct firn_quarantine *quarantine, const json_t *move,
	    struct firn_err *err)
{
	autodone(firn_cgroup_place_free) struct firn_cgroup_place place = { 0 };
	struct firn_proc_stat stat = { 0 }, parent = { 0 };
	autofree char *now = NULL;
	pid_t tid = task_of(move, "tid");

	if (firn_proc_stat(quarantine->host, tid, &stat, err) < 0)
		return -1;
	if (json_integer_value(json_object_get(move, "start_ticks")) ==
	    (json_int_t)stat.start_ticks)
		return 0;
	if (firn_proc_stat(quarantine->host, stat.ppid, &parent, err) < 0 ||
	    firn_cgroup_place_of(quarantine->host, quarantine->hierarchy,
				 quarantine->mount, stat.ppid, &place,
				 err) < 0 ||
	    firn_cgroup_place_enter(quarantine->host, quarantine->hierarchy,
				    &place, tid, true, &now, err) < 0)
		return firn_err_in(err,
				   "pid %d is another process by now, and was "
				   "moved",
				   tid);
	return firn_err_set(err, ESRCH, "it has ended");
}

static int
move_one(const struct firn_quarantine *quarantine, const json_t *move,
	 struct firn_err *err)
{
	pid_t pid = task_of(move, "pid"), tid = task_of(move, "tid");
	char text[16];

	/* On v2 its process has taken it along. */
	if (quarantine->hierarchy == FIRN_V2 && pid != tid)
		return 0;
	snprintf(text, sizeof(text), "%d", tid);
	if (firn_write_at(quarantine->cgroup.dir_fd,
			  quarantine->hierarchy == FIRN_V2 ? "cgroup.procs"
							   : "tasks",
			  text, err) < 0)
		return -1;
	return check_moved(quarantine, move, err);
}

static void
move_all(const struct firn_quarantine *quarantine, const json_t *moves,
	 struct firn_stray *strays, size_t n)
{
	const json_t *move;
	size_t i;

	json_array_foreach(moves, i, move) {
		struct firn_err why = { 0 };

		if (move_one(quarantine, move, &why) == 0)
			continue;
		/* A thread that has ended is no loss. */
		if (why.code == ESRCH || why.code == ENOENT)
			continue;
		for (size_t k = 0; k < n; k++)
			if (strays[k].pid == task_of(move, "pid"))
				strays[k].why = why;
	}
	for (size_t k = 0; k < n; k++)
		strays[k].moved = strays[k].why.code == 0;
}

/* All is written down before any of it is done. */
static int
ask(const struct firn_quarantine *quarantine, struct firn_ledger *ledger,
    const json_t *moves, json_t *changes, struct firn_err *err)
{
	for (size_t i = 0; i < json_array_size(moves); i += MOVES_PER_LINE) {
		autojson json_t *details = firn_quarantine_json(quarantine);
		json_t *some = json_array();
		uint64_t change;

		for (size_t k = i; k < i + MOVES_PER_LINE; k++)
			if (k < json_array_size(moves))
				json_array_append(some,
						  json_array_get(moves, k));
		firn_json_uint(details, "inode", quarantine->cgroup.inode);
		if (json_object_set_new(details, "moves", some) < 0)
			return firn_err_nomem(err);
		if (firn_ledger_ask(ledger, "quarantine", details, &change,
				    err) < 0)
			return -1;
		json_array_append_new(changes,
				      json_integer((json_int_t)change));
	}
	return 0;
}

static int
take_some(const struct firn_quarantine *quarantine, struct firn_ledger *ledger,
	  const struct firn_tasks *held, struct firn_stray *strays, size_t n,
	  struct firn_err *err)
{
	autojson json_t *moves = json_array(), *changes = json_array();
	const json_t *change;
	size_t i;

	for (size_t k = 0; k < n; k++) {
		size_t before = json_array_size(moves);

		if (plan(quarantine, held, &strays[k], moves, &strays[k].why) ==
		    0)
			continue;
		while (json_array_size(moves) > before)
			json_array_remove(moves, before);
	}
	if (ask(quarantine, ledger, moves, changes, err) < 0)
		return -1;
	move_all(quarantine, moves, strays, n);
	json_array_foreach(changes, i, change) {
		if (firn_ledger_note(ledger,
				     (uint64_t)json_integer_value(change),
				     "made", NULL, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_quarantine_take(const struct firn_quarantine *quarantine,
		     struct firn_ledger *ledger, const struct firn_tasks *held,
		     struct firn_stray *strays, size_t n, struct firn_err *err)
{
	for (size_t k = 0; k < n; k += STRAYS_AT_ONCE) {
		size_t some = n - k < STRAYS_AT_ONCE ? n - k : STRAYS_AT_ONCE;

		if (take_some(quarantine, ledger, held, strays + k, some, err) <
		    0)
			return -1;
	}
	return 0;
}
