#include "contain/escape/escapees.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "contain/escape/quarantine.h"
#include "contain/freeze/unfrozen.h"
#include "host/proc.h"
#include "target/namespaces.h"
#include "target/protect.h"

#define ROUNDS_MAX 20
/* To see that the moved ones have stopped; they do at once, or they wait in
 * something that no freezer ends. */
#define STOP_NS (UINT64_C(500) * 1000000)

/* The last set of threads is the quarantine's. */
#define HOLDERS (FIRN_N_HIERARCHIES + 1)

struct stopping {
	struct firn_target *target;
	struct firn_ledger *ledger;
	const struct firn_freezing *how;
	struct firn_quarantine quarantine;
	struct firn_tasks held[HOLDERS]; /* what each freezer holds */
	struct firn_tasks any;           /* all of them */
	struct firn_stray *failed;       /* don't try again */
	size_t n_failed;
	bool scanned; /* at least once */
};

static void
release(struct stopping *stopping)
{
	firn_quarantine_close(&stopping->quarantine);
	for (size_t i = 0; i < HOLDERS; i++)
		firn_tasks_free(&stopping->held[i]);
	firn_tasks_free(&stopping->any);
	free(stopping->failed);
}

void
firn_escapees_free(struct firn_escapees *escapees)
{
	free(escapees->items);
	escapees->items = NULL;
	escapees->n = 0;
}

/* The threads in a cgroup of the container that is asked to freeze. */
static int
list_held(struct stopping *stopping, enum firn_hierarchy h,
	  struct firn_err *err)
{
	const struct firn_cgroup *cgroup =
		firn_freezer_cgroup(stopping->target, h);
	struct firn_freezer_state state = { 0 };

	if (cgroup == NULL)
		return 0;
	if (firn_freezer_read(cgroup, h, &state, err) < 0) {
		if (!firn_freezer_lost(err))
			return -1;
		*err = (struct firn_err){ 0 };
		return 0;
	}
	if (!state.own && !state.ancestors)
		return 0;
	return firn_tasks_list(cgroup->dir_fd,
			       h == FIRN_V2 ? "cgroup.threads" : "tasks",
			       &stopping->held[h], err);
}

static int
list_all(struct stopping *stopping, struct firn_err *err)
{
	firn_tasks_free(&stopping->any);
	for (size_t i = 0; i < HOLDERS; i++)
		firn_tasks_free(&stopping->held[i]);
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++)
		if (list_held(stopping, h, err) < 0)
			return -1;
	if (firn_quarantine_tasks(&stopping->quarantine,
				  &stopping->held[HOLDERS - 1], err) < 0)
		return -1;
	for (size_t i = 0; i < HOLDERS; i++)
		for (size_t k = 0; k < stopping->held[i].n; k++)
			if (firn_tasks_add(&stopping->any,
					   stopping->held[i].items[k], err) < 0)
				return -1;
	firn_tasks_sort(&stopping->any);
	return 0;
}

static bool
has_ended(const struct stopping *stopping, pid_t tid)
{
	struct firn_proc_stat stat = { 0 };
	struct firn_err gone = { 0 };

	return firn_proc_stat(stopping->target->host, tid, &stat, &gone) < 0 ||
	       stat.state == 'Z' || stat.state == 'X';
}

static bool
is_same(const struct stopping *stopping, const struct firn_member *member)
{
	struct firn_proc_stat stat = { 0 };
	struct firn_err gone = { 0 };

	return firn_proc_stat(stopping->target->host, member->pid, &stat,
			      &gone) == 0 &&
	       stat.start_ticks == member->start_ticks;
}

/* Who holds all of its threads; "" if they have ended, NULL if one runs on. */
static const char *
holder_of(const struct stopping *stopping, const struct firn_member *member)
{
	static const char *const names[HOLDERS] = { "v2", "v1", "quarantine" };
	const char *holder = "";
	autofree pid_t *tids = NULL;
	struct firn_err gone = { 0 };
	size_t n = 0;

	if (!is_same(stopping, member) ||
	    firn_proc_threads(stopping->target->host, member->pid, &tids, &n,
			      &gone) < 0)
		return "";
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < HOLDERS &&
		       !firn_tasks_have(&stopping->held[k], tids[i]))
			k++;
		if (k < HOLDERS)
			holder = names[k];
		else if (!has_ended(stopping, tids[i]))
			return NULL;
	}
	return holder;
}

static const struct firn_stray *
failure_of(const struct stopping *stopping, const struct firn_member *member)
{
	for (size_t i = 0; i < stopping->n_failed; i++)
		if (stopping->failed[i].pid == member->pid &&
		    stopping->failed[i].start_ticks == member->start_ticks)
			return &stopping->failed[i];
	return NULL;
}

/* Why this one is not to be moved, in words; NULL if it may be. */
static const char *
objection(const struct stopping *stopping, const struct firn_member *member)
{
	const struct firn_host *host = stopping->target->host;

	if (stopping->how->leave_escaped)
		return "it was to be left alone (--leave-escaped)";
	if (namespaces_own_pid(host) != getpid())
		return "firn runs in another pid namespace than the host's";
	if (member->pid == getpid() || member->pid == 1 ||
	    protect_is_daemon(host, member->pid))
		return "the node needs it";
	if (member->doubtful)
		return "it is in another container's cgroup, and may be that "
		       "one's";
	return NULL;
}

/* Those that run, and may be moved. */
static int
find_strays(const struct stopping *stopping, struct firn_stray **ret,
	    size_t *ret_n, struct firn_err *err)
{
	const struct firn_members *members = &stopping->target->members;
	size_t n = 0;

	*ret = calloc(members->n + 1, sizeof(**ret));
	if (*ret == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < members->n; i++) {
		const struct firn_member *member = &members->items[i];

		if (!member->escaped || holder_of(stopping, member) != NULL ||
		    failure_of(stopping, member) != NULL ||
		    objection(stopping, member) != NULL)
			continue;
		(*ret)[n++] = (struct firn_stray){
			.pid = member->pid,
			.start_ticks = member->start_ticks,
		};
	}
	*ret_n = n;
	return 0;
}

static int
remember_failures(struct stopping *stopping, const struct firn_stray *strays,
		  size_t n, struct firn_err *err)
{
	struct firn_stray *more =
		realloc(stopping->failed,
			(stopping->n_failed + n + 1) * sizeof(*more));

	if (more == NULL)
		return firn_err_nomem(err);
	stopping->failed = more;
	for (size_t i = 0; i < n; i++)
		if (!strays[i].moved && strays[i].why.code != ESRCH &&
		    strays[i].why.code != ENOENT)
			more[stopping->n_failed++] = strays[i];
	return 0;
}

/* 1 when somebody was to be moved, 0 when there is nobody left, -1. */
static int
stop_some(struct stopping *stopping, struct firn_err *err)
{
	autofree struct firn_stray *strays = NULL;
	size_t n = 0;

	if (firn_target_scan(stopping->target, err) < 0)
		return -1;
	stopping->scanned = true;
	if (list_all(stopping, err) < 0 ||
	    find_strays(stopping, &strays, &n, err) < 0)
		return -1;
	if (n == 0)
		return 0;
	if (firn_quarantine_make(&stopping->quarantine, stopping->target,
				 stopping->ledger, err) < 0 ||
	    firn_quarantine_take(&stopping->quarantine, stopping->ledger,
				 &stopping->any, strays, n, err) < 0 ||
	    remember_failures(stopping, strays, n, err) < 0)
		return -1;
	return 1;
}

/* Does the kernel say that all in the quarantine have stopped?  A task that
 * waits in FUSE, and one that v1 holds, keep v2 from saying so. */
static int
unfrozen_of(const struct stopping *stopping, json_t **ret, struct firn_err *err)
{
	const struct firn_quarantine *quarantine = &stopping->quarantine;
	const uint64_t deadline_ns = firn_monotonic_ns() + STOP_NS;
	size_t n;
	int done;

	if (quarantine->cgroup.dir_fd < 0)
		return 0;
	if (quarantine->hierarchy == FIRN_V2)
		done = firn_v2_wait(&quarantine->cgroup, true, deadline_ns,
				    err);
	else
		done = firn_v1_insist(&quarantine->cgroup, deadline_ns, err);
	if (done != 0)
		return done < 0 ? -1 : 0;
	return firn_unfrozen(stopping->target->host,
			     &stopping->held[HOLDERS - 1], ret, &n, err);
}

static bool
lists(const json_t *unfrozen, pid_t pid)
{
	const json_t *thread;
	size_t i;

	json_array_foreach(unfrozen, i, thread) {
		if (json_integer_value(json_object_get(thread, "pid")) == pid)
			return true;
	}
	return false;
}

static void
judge(const struct stopping *stopping, const json_t *unfrozen,
      struct firn_escapee *one)
{
	const char *holder = holder_of(stopping, one->member);
	const char *why = objection(stopping, one->member);
	const struct firn_stray *failed = failure_of(stopping, one->member);

	if (holder != NULL && !lists(unfrozen, one->member->pid)) {
		one->stopped = true;
		one->held_by = holder[0] != '\0' ? holder : NULL;
		return;
	}
	if (holder != NULL)
		why = "it is in a frozen cgroup, and doesn't stop";
	else if (failed != NULL)
		why = failed->why.text;
	else if (why == NULL)
		why = "it was seen too late, or changes faster than it can be "
		      "moved";
	snprintf(one->why, sizeof(one->why), "%s", why);
}

static int
report(const struct stopping *stopping, struct firn_escapees *ret,
       struct firn_err *err)
{
	const struct firn_members *members = &stopping->target->members;
	autojson json_t *unfrozen = NULL;

	ret->items = calloc(members->n + 1, sizeof(*ret->items));
	if (ret->items == NULL)
		return firn_err_nomem(err);
	if (unfrozen_of(stopping, &unfrozen, err) < 0)
		return -1;
	for (size_t i = 0; i < members->n; i++) {
		struct firn_escapee *one = &ret->items[ret->n];

		if (!members->items[i].escaped)
			continue;
		one->member = &members->items[i];
		judge(stopping, unfrozen, one);
		ret->n++;
	}
	return 0;
}

void
firn_escapees_stop(struct firn_target *target, struct firn_ledger *ledger,
		   const struct firn_freezing *how, struct firn_escapees *ret)
{
	autodone(release) struct stopping stopping = {
		.target = target,
		.ledger = ledger,
		.how = how,
		.quarantine.cgroup.dir_fd = -1,
	};
	const uint64_t deadline_ns =
		firn_monotonic_ns() + (uint64_t)how->timeout_ms * 1000000;
	struct firn_err why = { 0 };
	int more = 1;

	for (unsigned i = 0; more > 0 && i < ROUNDS_MAX; i++) {
		more = stop_some(&stopping, &why);
		if (more < 0)
			ret->why = why;
		if (firn_monotonic_ns() > deadline_ns)
			break;
	}
	if (!stopping.scanned)
		return;
	/* The last round's scan was before its moves. */
	if (more != 0 && list_all(&stopping, &why) < 0)
		ret->why = why;
	if (report(&stopping, ret, &why) < 0)
		ret->why = why;
}
