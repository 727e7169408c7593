#include <errno.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/watch/freeze_watch.h"
#include "contain/watch/holder.h"
#include "respond/capture_run.h"

static void
at_member(struct firn_archive *archive, void *arg)
{
	struct firn_run *run = arg;

	if (!firn_watch_look(run->watch))
		firn_archive_frozen(archive, false);
}

int
firn_run_watch(struct firn_run *run, struct firn_err *err)
{
	struct firn_watching how = {
		.holds_tasks = !run->how->leave_tasks,
		.refreeze = !run->how->leave_thawed,
		.alarm = run->how->alarm,
		.alarm_arg = run->how->alarm_arg,
	};
	struct firn_err why = { 0 };

	if (run->how->leave_running)
		return 0;
	/* It also sees who thaws; a failure is the watch's to tell of. */
	if (run->holder == NULL &&
	    firn_holder_start(&run->holder, run->target, &why) < 0)
		run->holder = NULL;
	how.holder = run->holder;
	if (run->holder != NULL)
		run->target->holder_pid = firn_holder_pid(run->holder);
	return firn_watch_start(&run->watch, run->target, run->ledger, &how,
				err);
}

void
firn_run_watch_members(struct firn_run *run)
{
	if (run->watch != NULL)
		firn_archive_on_member(run->archive, at_member, run);
}

static void
note_thaws(struct firn_run *run)
{
	const json_t *thaws = json_object_get(run->seen, "thawed_meanwhile");
	const json_t *thaw;
	size_t i;

	json_array_foreach(thaws, i, thaw) {
		const char *comm = firn_json_string(thaw, "by", "comm", NULL);
		struct firn_err why = { 0 };

		firn_err_set(&why, EAGAIN, "thawed meanwhile by %s%s, at %s",
			     comm != NULL ? comm : "somebody",
			     json_is_true(json_object_get(thaw, "ran"))
				     ? "; it ran"
				     : "",
			     firn_json_string(thaw, "time", NULL));
		firn_archive_gap(run->archive, "freeze", "the target", &why);
	}
}

void
firn_run_watch_end(struct firn_run *run)
{
	json_t *freeze = json_object_get(run->result, "freeze");
	json_t *tasks = json_object_get(freeze, "tasks_held");

	if (run->archive != NULL)
		firn_archive_on_member(run->archive, NULL, NULL);
	if (run->watch != NULL) {
		run->seen = firn_watch_report(run->watch);
		if (run->archive != NULL)
			note_thaws(run);
		json_object_set(tasks, "not_held",
				json_object_get(run->seen, "not_held"));
		json_object_del(run->seen, "not_held");
		json_object_update(run->result, run->seen);
	}
	firn_watch_end(&run->watch);
	firn_holder_end(&run->holder);
}
