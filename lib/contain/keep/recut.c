#include "contain/keep/recut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/cut/cut.h"
#include "firn/freeze.h"
#include "host/proc.h"

/* A runtime needs some time from the cgroup to the last interface.  Often at
 * first, as its process may start any moment. */
#define SETTLE_NS (5 * UINT64_C(1000000000))
#define OFTEN_NS (UINT64_C(1000000000) / 2)
#define OFTEN_AGAIN_NS 10000000
#define SELDOM_AGAIN_NS 250000000

/* What calls itself a runtime's process for longer than this is none. */
#define RUNTIME_NS UINT64_C(2000000000)

/* One restart. */
struct restart {
	const struct firn_keeper *keeper;
	struct firn_recut *recut;
	uint64_t inode, start_ns;
	uint64_t cut_us; /* from the look to the programs on the cgroup */
	bool freeze;     /* is to be frozen again, and isn't yet */
	json_t *said;    /* of the last isolation */
	json_t *frozen;  /* of the freeze */
	struct firn_err why;
};

static uint64_t
number_of(const json_t *change)
{
	return (uint64_t)json_integer_value(json_object_get(change, "change"));
}

static bool
is_there(const struct firn_host *host, const json_t *part)
{
	const char *folder = firn_json_string(part, "folder", NULL);
	json_int_t inode = json_integer_value(json_object_get(part, "inode"));
	struct firn_err gone = { 0 };
	autoclose int fd = -1;
	struct stat st;

	if (folder == NULL)
		return false;
	fd = firn_host_file(host, folder, O_RDONLY | O_DIRECTORY, &gone);
	return fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)inode == st.st_ino;
}

/* The cgroups that it names, and it names some, are all gone. */
static bool
freeze_is_gone(const struct firn_host *host, const json_t *details)
{
	const json_t *v2 = json_object_get(details, "v2");
	const json_t *v1 = json_object_get(details, "v1");

	return (v2 != NULL || v1 != NULL) && !is_there(host, v2) &&
	       !is_there(host, v1);
}

static int
close_change(struct firn_ledger *ledger, const json_t *change,
	     struct firn_err *err)
{
	autojson json_t *note = json_pack("{s:s}", "note",
					  "its place is gone: the container "
					  "was restarted");

	return firn_ledger_note(ledger, number_of(change), "undone", note, err);
}

/* Cuts that hold no more, and those made for the cgroup of before; undoing
 * takes their pins away. */
static int
close_cuts(const struct restart *restart, struct firn_ledger *ledger,
	   struct firn_err *err)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "isolate");
	json_t *change;
	size_t i;

	json_array_foreach(open, i, change) {
		const json_t *details = json_object_get(change, "details");
		const json_t *inode = json_object_get(details, "inode");
		struct firn_err gone = { 0 };
		bool is_old =
			inode != NULL && restart->recut->is_v2 &&
			(uint64_t)json_integer_value(inode) != restart->inode;

		if (!is_old && firn_cut_holds(details, &gone) == 0)
			continue;
		if (firn_cut_undo(ledger, number_of(change), details, err) <
			    0 ||
		    close_change(ledger, change, err) < 0)
			return -1;
	}
	return 0;
}

static int
close_freezes(const struct restart *restart, struct firn_ledger *ledger,
	      struct firn_err *err)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "freeze");
	json_t *change;
	size_t i;

	json_array_foreach(open, i, change) {
		if (freeze_is_gone(restart->keeper->host,
				   json_object_get(change, "details")) &&
		    close_change(ledger, change, err) < 0)
			return -1;
	}
	return 0;
}

/* What the last isolation was to be, by the ledger. */
static int
read_options(const struct restart *restart, const struct firn_ledger *ledger,
	     struct firn_err *err)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "isolate");
	struct firn_recut *recut = restart->recut;

	for (size_t i = json_array_size(open); i > 0; i--) {
		const json_t *options = json_object_get(
			json_object_get(json_array_get(open, i - 1), "details"),
			"options");

		if (options == NULL)
			continue;
		if (firn_isolation_parse(options, &recut->how, recut->rules,
					 err) < 0)
			return -1;
		/* What is cut from its start has no connections. */
		recut->how.reset = false;
		return 0;
	}
	return 0; /* as it was the last time */
}

static void
take(json_t **kept, json_t *said)
{
	json_decref(*kept);
	*kept = said;
}

/* The cgroup alone, by nothing but itself: no process needs to be in it. */
static int
cut_cgroup(struct restart *restart, struct firn_ledger *ledger,
	   struct firn_err *err)
{
	const struct firn_recut *recut = restart->recut;
	struct firn_target target = {
		.host = restart->keeper->host,
		.id = restart->keeper->id,
		.init_pidfd = -1,
		.freezer.dir_fd = -1,
		.v2 = { .path = (char *)(uintptr_t)recut->path,
			.folder = (char *)(uintptr_t)recut->folder,
			.inode = restart->inode },
	};
	autoclose int fd = firn_host_file(target.host, recut->folder,
					  O_RDONLY | O_DIRECTORY, err);
	struct firn_isolation how = recut->how;
	json_t *said = NULL;

	if (fd < 0)
		return -1;
	target.v2.dir_fd = fd;
	how.whole_pod = false; /* its network is not known yet */
	if (firn_isolate_part(&target, ledger, &how, FIRN_ISOLATE_CGROUP, &said,
			      err) < 0)
		return -1;
	take(&restart->said, said);
	restart->cut_us = (firn_monotonic_ns() - restart->start_ns) / 1000;
	return 0;
}

static int
at_once(struct restart *restart, struct firn_err *err)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *frozen = NULL;

	if (firn_keeper_open(restart->keeper, &ledger, err) < 0)
		return -1;
	frozen = firn_ledger_open_changes(ledger, "freeze");
	restart->freeze = json_array_size(frozen) > 0;
	if (read_options(restart, ledger, err) < 0 ||
	    close_cuts(restart, ledger, err) < 0)
		return -1;
	return restart->recut->is_v2 ? cut_cgroup(restart, ledger, err) : 0;
}

/* Is it the runtime's process still, that will become the container's? */
static bool
is_the_runtime(const struct firn_target *target)
{
	struct firn_proc_stat stat;
	struct firn_err gone = { 0 };

	return firn_proc_stat(target->host, target->init_pid, &stat, &gone) <
		       0 ||
	       strncmp(stat.comm, "runc:[", 6) == 0 ||
	       strncmp(stat.comm, "crun", 4) == 0;
}

static int
freeze_again(struct restart *restart, struct firn_target *target,
	     struct firn_ledger *ledger, struct firn_err *err)
{
	const struct firn_freezing how = { .timeout_ms =
						   FIRN_FREEZE_TIMEOUT_MS };
	json_t *said = NULL;

	if (!restart->freeze)
		return 0;
	if (firn_freeze(target, ledger, &how, &said, err) < 0)
		return -1;
	take(&restart->frozen, said);
	restart->freeze = false;
	return close_freezes(restart, ledger, err);
}

static bool
is_the_same(const struct restart *restart, const struct firn_target *target)
{
	const struct firn_cgroup *cgroup =
		restart->recut->is_v2 ? &target->v2 : &target->freezer;

	return cgroup->inode == restart->inode &&
	       strcmp(target->id, restart->keeper->id) == 0;
}

/*
 * The whole of it, as far as there is something to cut by now.  Not while the
 * runtime's own process is in there: that lives in the host's network namespace
 * at first, which is not to be cut; and frozen it would have the runtime wait.
 */
static int
in_full(struct restart *restart, struct firn_err *err)
{
	autodone(firn_target_close) struct firn_target *target = NULL;
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autofree char *name = NULL;
	json_t *said = NULL;

	if (asprintf(&name, "cgroup:%s", restart->recut->path) < 0) {
		name = NULL;
		return firn_err_nomem(err);
	}
	if (firn_target_open(&target, restart->keeper->host, name, err) < 0)
		return -1;
	if (!is_the_same(restart, target))
		return firn_err_set(err, ESTALE,
				    "cgroup %s is another container's by now",
				    restart->recut->path);
	if (is_the_runtime(target) &&
	    firn_monotonic_ns() < restart->start_ns + RUNTIME_NS)
		return 0;
	if (firn_keeper_open(restart->keeper, &ledger, err) < 0 ||
	    firn_isolate(target, ledger, &restart->recut->how, &said, err) < 0)
		return -1;
	take(&restart->said, said);
	return freeze_again(restart, target, ledger, err);
}

static bool
is_gone_again(const struct restart *restart)
{
	struct firn_err gone = { 0 };
	autoclose int fd =
		firn_host_file(restart->keeper->host, restart->recut->folder,
			       O_RDONLY | O_DIRECTORY, &gone);
	struct stat st;

	return fd < 0 || fstat(fd, &st) < 0 || st.st_ino != restart->inode;
}

/* Nothing is open; and later looks would take the runtime's threads, which go
 * in and out of its network namespace, for somebody who shares it. */
static bool
is_done(const struct restart *restart)
{
	const char *state = firn_json_string(restart->said, "state", NULL);

	return !restart->freeze && state != NULL &&
	       strcmp(state, "isolated") == 0;
}

static void
settle(struct restart *restart)
{
	struct timespec pause = { 0 };

	for (;;) {
		uint64_t passed_ns = firn_monotonic_ns() - restart->start_ns;

		restart->why = (struct firn_err){ 0 };
		if (in_full(restart, &restart->why) == 0)
			restart->why = (struct firn_err){ 0 };
		if (is_done(restart) || passed_ns > SETTLE_NS ||
		    is_gone_again(restart))
			return;
		pause.tv_nsec =
			passed_ns < OFTEN_NS ? OFTEN_AGAIN_NS : SELDOM_AGAIN_NS;
		nanosleep(&pause, NULL);
	}
}

static void
note(const struct restart *restart)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *details = json_object();
	struct firn_err unwritten = { 0 };
	const char *state = firn_json_string(restart->said, "state", NULL);

	firn_json_text(details, "note",
		       state != NULL ? "restarted, and cut again"
				     : "restarted, and NOT cut again");
	firn_json_text(details, "state", state);
	json_object_set(details, "open",
			json_object_get(restart->said, "open"));
	firn_json_uint(details, "inode", restart->inode);
	firn_json_uint(details, "cgroup_cut_us", restart->cut_us);
	firn_json_text(details, "freeze",
		       firn_json_string(restart->frozen, "state", NULL));
	if (restart->why.code != 0)
		firn_json_text(details, "why", restart->why.text);
	/* What was done stands in changes of its own. */
	if (firn_keeper_open(restart->keeper, &ledger, &unwritten) < 0 ||
	    firn_ledger_note(ledger, restart->keeper->change, "confirmed",
			     details, &unwritten) < 0)
		return;
}

void
firn_recut(const struct firn_keeper *keeper, struct firn_recut *recut,
	   uint64_t inode)
{
	struct restart restart = {
		.keeper = keeper,
		.recut = recut,
		.inode = inode,
		.start_ns = firn_monotonic_ns(),
	};

	if (at_once(&restart, &restart.why) == 0)
		restart.why = (struct firn_err){ 0 };
	settle(&restart);
	note(&restart);
	recut->inode = inode;
	json_decref(restart.said);
	json_decref(restart.frozen);
}
