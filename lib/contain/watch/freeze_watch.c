#include "contain/watch/freeze_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/freeze/freeze_record.h"
#include "contain/freeze/freezer.h"
#include "contain/watch/cpu_used.h"
#include "contain/watch/told.h"

#define STILL_NS (200 * UINT64_C(1000000))
#define SECOND_NS UINT64_C(1000000000)

struct firn_watch {
	const struct firn_target *target;
	struct firn_ledger *ledger;
	struct firn_watching how;
	int inotify_fd;
	bool refreeze[FIRN_N_HIERARCHIES]; /* is ours, and to be kept so */
	uint64_t until_ns; /* then not any more, as firn_boot_ns() has it */
	bool told_now[FIRN_N_HIERARCHIES];    /* in this look */
	bool thawed[FIRN_N_HIERARCHIES];      /* as of the last look */
	uint64_t changes[FIRN_N_HIERARCHIES]; /* of the ledger, or 0 */
	uint64_t cpu_before_us,
		cpu_told_us; /* at the start; when we last told */
	bool cpu_known;
	int files[FIRN_N_HIERARCHIES]; /* inotify's numbers of them */
	bool ran;
	struct firn_err unwatched;
	struct firn_told told;
};

/* Has it had processor time since?  If we can't know, yes. */
static bool
has_run_since(const struct firn_watch *watch, uint64_t before_us)
{
	struct firn_err ignored = { 0 };
	uint64_t now_us;

	return !watch->cpu_known ||
	       firn_cpu_used(watch->target, &now_us, &ignored) < 0 ||
	       now_us != before_us;
}

/* Ours is noted once more under the change that asked for it first: to undo
 * that one undoes this. */
static void
note_refrozen(struct firn_watch *watch, enum firn_hierarchy hierarchy)
{
	autojson json_t *details =
		json_pack("{s:s}", "refrozen", firn_hierarchy_names[hierarchy]);
	struct firn_err why = { 0 };

	if (watch->changes[hierarchy] == 0)
		return;
	if (firn_ledger_note(watch->ledger, watch->changes[hierarchy], "made",
			     details, &why) < 0)
		firn_told_alarm(&watch->told, why.text);
}

static void
tell_thaw(struct firn_watch *watch, const struct firn_holder_event *event)
{
	struct firn_err why = { 0 };

	firn_told_thaw(&watch->told, event,
		       has_run_since(watch, watch->cpu_told_us));
	watch->told_now[event->hierarchy] = true;
	if (event->refrozen)
		note_refrozen(watch, event->hierarchy);
	if (firn_cpu_used(watch->target, &watch->cpu_told_us, &why) < 0)
		watch->cpu_known = false;
}

static void
hear(struct firn_watch *watch)
{
	struct firn_holder_event event;

	if (watch->how.holder == NULL)
		return;
	while (firn_holder_next(watch->how.holder, &event)) {
		if (event.news == FIRN_HOLDER_KILLED)
			firn_told_killed(&watch->told, &event);
		else if (event.news == FIRN_HOLDER_NOT_HELD)
			firn_told_not_held(&watch->told, &event);
		else if (event.thawed ||
			 has_run_since(watch, watch->cpu_told_us))
			tell_thaw(watch, &event);
		if (event.news == FIRN_HOLDER_WRITTEN && event.thawed)
			watch->thawed[event.hierarchy] = true;
	}
}

static uint64_t
left_ns(const struct firn_watch *watch)
{
	uint64_t now_ns = firn_boot_ns();

	return watch->until_ns > now_ns ? watch->until_ns - now_ns : 0;
}

static bool
may_refreeze(const struct firn_watch *watch, enum firn_hierarchy hierarchy)
{
	return watch->refreeze[hierarchy] && left_ns(watch) > 0;
}

/* Wait, shortly, until what was frozen again stands still; v1 is written to all
 * that time, so not longer than until a keeper thaws it. */
static void
refreeze(struct firn_watch *watch, enum firn_hierarchy hierarchy)
{
	const struct firn_cgroup *cgroup =
		firn_freezer_cgroup(watch->target, hierarchy);
	const uint64_t wait_ns =
		left_ns(watch) < STILL_NS ? left_ns(watch) : STILL_NS;
	const uint64_t deadline_ns = firn_monotonic_ns() + wait_ns;
	struct firn_err why = { 0 };

	if (firn_freezer_write(cgroup, hierarchy, true, &why) < 0 ||
	    (hierarchy == FIRN_V2
		     ? firn_v2_wait(cgroup, true, deadline_ns, &why)
		     : firn_v1_insist(cgroup, deadline_ns, &why)) < 0)
		firn_told_alarm(&watch->told, why.text);
}

/* What nobody told us of, because nobody could, is found like this: it is
 * thawed, or it was, as it has run since. */
static void
look_at(struct firn_watch *watch, enum firn_hierarchy hierarchy, bool written)
{
	const struct firn_cgroup *cgroup =
		firn_freezer_cgroup(watch->target, hierarchy);
	struct firn_holder_event event = { .news = FIRN_HOLDER_WRITTEN,
					   .time = firn_now(),
					   .hierarchy = hierarchy };
	struct firn_freezer_state state = { 0 };
	struct firn_err why = { 0 };

	if (cgroup == NULL ||
	    firn_freezer_read(cgroup, hierarchy, &state, &why) < 0)
		return;
	if (watch->told_now[hierarchy])
		written = false;
	if ((!state.own && !watch->thawed[hierarchy]) ||
	    (written && has_run_since(watch, watch->cpu_told_us))) {
		event.refrozen = !state.own && may_refreeze(watch, hierarchy);
		tell_thaw(watch, &event);
		watch->thawed[hierarchy] = !state.own;
	}
	if (watch->thawed[hierarchy] && may_refreeze(watch, hierarchy)) {
		refreeze(watch, hierarchy);
		watch->thawed[hierarchy] = false;
	}
}

/* Take in what is there: which files were written to?  Was any? */
static bool
was_written(const struct firn_watch *watch, bool ret[FIRN_N_HIERARCHIES])
{
	_Alignas(struct inotify_event) char data[4096];
	bool any = false;
	ssize_t len;

	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++)
		ret[h] = false;
	if (watch->inotify_fd < 0)
		return true;
	while ((len = read(watch->inotify_fd, data, sizeof(data))) > 0) {
		const char *at = data, *end = data + len;

		any = true;
		while (at < end) {
			const struct inotify_event *event = (const void *)at;

			for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES;
			     h++)
				ret[h] |= event->wd == watch->files[h] ||
					  (event->mask & IN_Q_OVERFLOW) != 0;
			at += sizeof(*event) + event->len;
		}
	}
	return any;
}

/* Those that were born while it ran are to be held, too. */
static void
hold_again(struct firn_watch *watch)
{
	struct firn_err why = { 0 };

	if (watch->how.holder != NULL && watch->how.holds_tasks &&
	    firn_holder_seize(watch->how.holder, false, &why) < 0)
		firn_told_alarm(&watch->told, why.text);
}

bool
firn_watch_look(struct firn_watch *watch)
{
	struct firn_err ignored = { 0 };
	size_t n = json_array_size(watch->told.thaws);
	bool written[FIRN_N_HIERARCHIES], ours[FIRN_N_HIERARCHIES];

	memset(watch->told_now, 0, sizeof(watch->told_now));
	hear(watch);
	if (!was_written(watch, written))
		return !watch->ran;
	if (watch->how.holder != NULL &&
	    firn_holder_sync(watch->how.holder, &ignored) == 0)
		hear(watch);
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++)
		look_at(watch, h, written[h]);
	/* Our own writes come back, too. */
	(void)was_written(watch, ours);
	if (json_array_size(watch->told.thaws) > n) {
		hold_again(watch);
		watch->ran |= has_run_since(watch, watch->cpu_before_us);
	}
	watch->ran |= !firn_is_frozen(watch->target);
	return !watch->ran;
}

/* Which freezers are ours to keep, by the ledger. */
static int
find_ours(struct firn_watch *watch, struct firn_err *err)
{
	autojson json_t *open =
		firn_ledger_open_changes(watch->ledger, "freeze");
	json_t *change;
	size_t i;

	if (open == NULL)
		return firn_err_nomem(err);
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(watch->target, h);
		bool own_before = false;

		watch->refreeze[h] =
			watch->how.refreeze && cgroup != NULL &&
			firn_freeze_is_ours(open, cgroup, h, &own_before) &&
			!own_before;
		json_array_foreach(open, i, change) {
			if (firn_json_at(change, "details",
					 firn_hierarchy_names[h], NULL) != NULL)
				watch->changes[h] =
					(uint64_t)json_integer_value(
						json_object_get(change,
								"change"));
		}
	}
	return 0;
}

/* The thaw of firn's own keeper is not to be undone.  Its timer has parts of a
 * second on top of what the ledger has. */
static void
find_deadline(struct firn_watch *watch)
{
	autojson json_t *open = firn_ledger_open_changes(watch->ledger, "keep");
	json_t *change;
	size_t i;

	watch->until_ns = UINT64_MAX;
	json_array_foreach(open, i, change) {
		json_int_t second = json_integer_value(
			firn_json_at(change, "details", "deadline_boot_s",
				     NULL));

		if (second > 0 && (uint64_t)second < UINT64_MAX / SECOND_NS &&
		    (uint64_t)second * SECOND_NS < watch->until_ns)
			watch->until_ns = (uint64_t)second * SECOND_NS;
	}
}

static int
watch_files(struct firn_watch *watch, struct firn_err *err)
{
	static const char *const files[] = { "cgroup.freeze", "freezer.state" };

	watch->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->inotify_fd < 0)
		return firn_err_sys(err, "inotify");
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(watch->target, h);
		char path[64];

		if (cgroup == NULL)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d/%s",
			 cgroup->dir_fd, files[h]);
		watch->files[h] =
			inotify_add_watch(watch->inotify_fd, path, IN_MODIFY);
		if (watch->files[h] < 0)
			return firn_err_sys(err, "watch %s", files[h]);
	}
	return 0;
}

/* Without eyes on the files each look reads them. */
static void
open_eyes(struct firn_watch *watch)
{
	struct firn_err why = { 0 };

	if (watch_files(watch, &why) < 0) {
		watch->unwatched = why;
		firn_auto_close(&watch->inotify_fd);
		watch->inotify_fd = -1;
	}
	if (watch->how.holder != NULL &&
	    firn_holder_watch(watch->how.holder, watch->refreeze,
			      watch->until_ns, &why) < 0)
		watch->unwatched = why;
	watch->cpu_known = firn_cpu_settled(watch->target,
					    &watch->cpu_before_us, &why) == 0;
	watch->cpu_told_us = watch->cpu_before_us;
}

int
firn_watch_start(struct firn_watch **ret, const struct firn_target *target,
		 struct firn_ledger *ledger, const struct firn_watching *how,
		 struct firn_err *err)
{
	autodone(firn_watch_end) struct firn_watch *watch = NULL;

	watch = calloc(1, sizeof(*watch));
	if (watch == NULL)
		return firn_err_nomem(err);
	watch->inotify_fd = -1;
	watch->target = target;
	watch->ledger = ledger;
	watch->how = *how;
	watch->told = firn_told(how->alarm, how->alarm_arg);
	if (find_ours(watch, err) < 0)
		return -1;
	find_deadline(watch);
	open_eyes(watch);
	*ret = firn_steal(watch);
	return 0;
}

json_t *
firn_watch_report(struct firn_watch *watch)
{
	json_t *report = json_object(), *cpu = json_null();
	struct firn_err ignored = { 0 };
	uint64_t now_us;

	if (watch->how.holder != NULL &&
	    firn_holder_sync(watch->how.holder, &ignored) < 0)
		firn_told_alarm(&watch->told, ignored.text);
	(void)firn_watch_look(watch);
	json_object_set(report, "thawed_meanwhile", watch->told.thaws);
	json_object_set(report, "killed", watch->told.killed);
	json_object_set(report, "not_held", watch->told.not_held);
	if (watch->cpu_known &&
	    firn_cpu_used(watch->target, &now_us, &ignored) == 0) {
		cpu = json_object();
		firn_json_uint(cpu, "before", watch->cpu_before_us);
		firn_json_uint(cpu, "after", now_us);
	}
	json_object_set_new(report, "cpu_us", cpu);
	if (watch->unwatched.code != 0)
		firn_json_text(report, "unwatched", watch->unwatched.text);
	return report;
}

void
firn_watch_end(struct firn_watch **ptr)
{
	struct firn_watch *watch = *ptr;

	if (watch == NULL)
		return;
	firn_auto_close(&watch->inotify_fd);
	firn_told_free(&watch->told);
	free(watch);
	*ptr = NULL;
}
