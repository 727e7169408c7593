#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/escape/quarantine.h"
#include "contain/escape/quarantine_place.h"
#include "host/proc.h"

/* A task that was killed leaves its cgroup when it has ended, and that can
 * take a moment. */
#define REMOVE_TRIES 200
#define REMOVE_AGAIN_NS 2000000

/* One undoing of all that stands open. */
struct undoing {
	const struct firn_host *host;
	const json_t *open; /* changes "quarantine", oldest first */
	json_t *elsewhere;
	size_t returned;
	struct firn_err why; /* the first thing that failed */
};

static void
fail(struct undoing *undoing, const struct firn_err *why)
{
	if (undoing->why.code == 0)
		undoing->why = *why;
}

static void
release(struct firn_quarantine *quarantine)
{
	firn_quarantine_close(quarantine);
}

/* Hold what a change speaks of; dir_fd stays -1 when it isn't there any more,
 * or is another one. */
static int
find(const struct undoing *undoing, const json_t *details,
     struct firn_quarantine *ret, struct firn_err *err)
{
	const char *folder = firn_json_string(details, "folder", NULL);
	const char *path = firn_json_string(details, "path", NULL);
	const char *hierarchy = firn_json_string(details, "hierarchy", NULL);
	json_int_t inode =
		json_integer_value(json_object_get(details, "inode"));
	autoclose int fd = -1;
	struct firn_err why = { 0 };
	struct statfs fs;
	struct stat st;

	if (folder == NULL || path == NULL || hierarchy == NULL ||
	    strncmp(path, "/firn-quarantine-", 17) != 0)
		return firn_err_set(err, EBADMSG,
				    "ledger: a quarantine without a place");
	ret->host = undoing->host;
	ret->hierarchy = strcmp(hierarchy, "v2") == 0 ? FIRN_V2 : FIRN_V1;
	fd = firn_host_file(undoing->host, folder, O_RDONLY | O_DIRECTORY,
			    &why);
	if (fd < 0 && (why.code == ENOENT || why.code == ENOTDIR))
		return 0;
	if (fd < 0) {
		*err = why;
		return -1;
	}
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return firn_err_sys(err, "look at %s", folder);
	if ((inode > 0 && st.st_ino != (uint64_t)inode) ||
	    fs.f_type != (ret->hierarchy == FIRN_V2 ? CGROUP2_SUPER_MAGIC
						    : CGROUP_SUPER_MAGIC))
		return 0;
	ret->mount = strndup(folder, strlen(folder) - strlen(path));
	ret->cgroup.path = strdup(path);
	ret->cgroup.folder = strdup(folder);
	if (ret->mount == NULL || ret->cgroup.path == NULL ||
	    ret->cgroup.folder == NULL)
		return firn_err_nomem(err);
	ret->cgroup.inode = st.st_ino;
	ret->cgroup.dir_fd = firn_steal_fd(&fd);
	return 0;
}

static void
note_elsewhere(struct undoing *undoing, pid_t pid, const char *folder,
	       const char *now)
{
	json_t *entry = json_object();

	firn_json_uint(entry, "pid", (uint64_t)pid);
	firn_json_text(entry, "folder", folder);
	firn_json_text(entry, "now", now);
	json_array_append_new(undoing->elsewhere, entry);
}

static int
enter(struct undoing *undoing, const struct firn_quarantine *quarantine,
      const struct firn_cgroup_place *place, pid_t tid, bool whole,
      struct firn_err *err)
{
	autofree char *now = NULL;

	if (firn_cgroup_place_enter(undoing->host, quarantine->hierarchy, place,
				    tid, whole, &now, err) < 0)
		return err->code == ESRCH ? 0 : -1;
	undoing->returned++;
	if (now != NULL)
		note_elsewhere(undoing, tid, place->folder, now);
	return 0;
}

static pid_t
number(const json_t *move, const char *key)
{
	return (pid_t)json_integer_value(json_object_get(move, key));
}

/* Is it the one that was moved?  A pid that is in the quarantine may be that of
 * a later child. */
static bool
is_same(const struct undoing *undoing, const json_t *move)
{
	struct firn_proc_stat stat = { 0 };
	struct firn_err gone = { 0 };

	return firn_proc_stat(undoing->host, number(move, "tid"), &stat,
			      &gone) == 0 &&
	       json_integer_value(json_object_get(move, "start_ticks")) ==
		       (json_int_t)stat.start_ticks;
}

/* Those of one change, whole processes before the threads that were told
 * apart. */
static int
put_back(struct undoing *undoing, const struct firn_quarantine *quarantine,
	 const json_t *moves, struct firn_err *err)
{
	autotasks struct firn_tasks inside = { 0 };
	bool v2 = quarantine->hierarchy == FIRN_V2;
	const json_t *move;
	size_t i;

	if (firn_quarantine_tasks(quarantine, &inside, err) < 0)
		return -1;
	json_array_foreach(moves, i, move) {
		autodone(firn_cgroup_place_free) struct firn_cgroup_place
			place = { 0 };
		pid_t pid = number(move, "pid"), tid = number(move, "tid");
		bool whole = pid == tid;

		if (!firn_tasks_have(&inside, tid) || !is_same(undoing, move))
			continue;
		if (firn_cgroup_place_read(move, &place, err) < 0)
			return -1;
		if (enter(undoing, quarantine, &place, tid, whole, err) < 0 &&
		    (!v2 || whole))
			return -1;
	}
	return 0;
}

/* Where it came from; NULL if that isn't known. */
static const json_t *
move_of(const struct undoing *undoing, pid_t tid)
{
	const json_t *change, *move;
	size_t i, k;

	json_array_foreach(undoing->open, i, change) {
		const json_t *moves =
			firn_json_at(change, "details", "moves", NULL);

		json_array_foreach(moves, k, move) {
			if (number(move, "tid") == tid &&
			    is_same(undoing, move))
				return move;
		}
	}
	return NULL;
}

static int
put_out(struct undoing *undoing, const struct firn_quarantine *quarantine,
	pid_t tid, struct firn_err *err)
{
	autodone(firn_cgroup_place_free) struct firn_cgroup_place place = { 0 };
	struct firn_proc_stat stat = { 0 };
	struct firn_err gone = { 0 };
	const json_t *move;

	if (firn_proc_stat(undoing->host, tid, &stat, &gone) < 0)
		return 0;
	move = move_of(undoing, tid);
	if (move == NULL)
		move = move_of(undoing, stat.ppid);
	if (move != NULL) {
		if (firn_cgroup_place_read(move, &place, err) < 0)
			return -1;
	} else if (firn_cgroup_place_of(undoing->host, quarantine->hierarchy,
					quarantine->mount, stat.ppid, &place,
					err) < 0) {
		return -1;
	}
	return enter(undoing, quarantine, &place, tid, true, err);
}

/* A task that was within fork(2) when it was moved has its child here. */
static int
put_out_all(struct undoing *undoing, const struct firn_quarantine *quarantine,
	    struct firn_err *err)
{
	autotasks struct firn_tasks inside = { 0 };

	if (firn_tasks_list(quarantine->cgroup.dir_fd,
			    quarantine->hierarchy == FIRN_V2 ? "cgroup.procs"
							     : "tasks",
			    &inside, err) < 0)
		return -1;
	for (size_t i = 0; i < inside.n; i++)
		if (put_out(undoing, quarantine, inside.items[i], err) < 0)
			return -1;
	return 0;
}

static int
remove_folder(const struct firn_quarantine *quarantine, struct firn_err *err)
{
	const struct timespec pause = { .tv_nsec = REMOVE_AGAIN_NS };
	autoclose int fd = firn_host_file(quarantine->host, quarantine->mount,
					  O_RDONLY | O_DIRECTORY, err);

	if (fd < 0)
		return -1;
	for (unsigned i = 0; i < REMOVE_TRIES; i++) {
		if (unlinkat(fd, quarantine->cgroup.path + 1, AT_REMOVEDIR) ==
			    0 ||
		    errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			break;
		nanosleep(&pause, NULL);
	}
	return firn_err_sys(err, "remove cgroup %s", quarantine->cgroup.folder);
}

/* It's thawed first: who can't be put back is not to stand still for ever. */
static int
take_away(struct undoing *undoing, const struct firn_quarantine *quarantine,
	  struct firn_err *err)
{
	int out = put_out_all(undoing, quarantine, err);
	struct firn_err why = { 0 };

	if (firn_freezer_write(&quarantine->cgroup, quarantine->hierarchy,
			       false, &why) < 0 &&
	    !firn_freezer_lost(&why)) {
		*err = why;
		return -1;
	}
	return out < 0 ? -1 : remove_folder(quarantine, err);
}

static int
undo(struct undoing *undoing, const json_t *details, struct firn_err *err)
{
	autodone(release) struct firn_quarantine quarantine = {
		.cgroup.dir_fd = -1,
	};
	const json_t *moves = json_object_get(details, "moves");

	if (find(undoing, details, &quarantine, err) < 0)
		return -1;
	if (quarantine.cgroup.dir_fd < 0)
		return 0;
	if (moves != NULL)
		return put_back(undoing, &quarantine, moves, err);
	return take_away(undoing, &quarantine, err);
}

int
firn_quarantine_undo(const struct firn_host *host, struct firn_ledger *ledger,
		     json_t **ret, struct firn_err *err)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "quarantine");
	autojson json_t *elsewhere = json_array();
	struct undoing undoing = {
		.host = host,
		.open = open,
		.elsewhere = elsewhere,
	};

	if (open == NULL || elsewhere == NULL)
		return firn_err_nomem(err);
	for (size_t i = json_array_size(open); i-- > 0;) {
		const json_t *change = json_array_get(open, i);
		json_int_t n =
			json_integer_value(json_object_get(change, "change"));
		struct firn_err why = { 0 };

		if (undo(&undoing, json_object_get(change, "details"), &why) <
			    0 ||
		    firn_ledger_note(ledger, (uint64_t)n, "undone", NULL,
				     &why) < 0)
			fail(&undoing, &why);
	}
	if (json_array_size(open) > 0)
		*ret = json_pack("{s:I, s:O}", "returned",
				 (json_int_t)undoing.returned, "elsewhere",
				 elsewhere);
	if (undoing.why.code == 0)
		return 0;
	*err = undoing.why;
	return firn_err_in(err, "put back what had left its cgroup");
}
