#ifndef CONTAIN_WATCH_FREEZE_WATCH_H
#define CONTAIN_WATCH_FREEZE_WATCH_H

/*
 * freeze_watch -- is it still frozen, was it all the time, and who was it?
 *
 * A thaw and a freeze again between two looks must not pass.  cgroup.events
 * can't tell them: the kernel sends one event in 10 ms at most, one more for
 * every task that is killed, and v1 sends none.  So every write to the
 * cgroups' freezers is watched, by inotify(7) here, which has it before the
 * write returns, and by the holder, which knows who wrote and freezes again at
 * once.  Whether anything ran is then told by the processor time that the
 * cgroup has had: cpu.stat on v2, schedstat of each thread on v1 alone.
 *
 * Source: inotify(7), fanotify(7); cgroup-v2.rst, "cpu.stat"; kernel
 * Documentation/scheduler/sched-stats.rst.
 */

#include <stdbool.h>

#include <jansson.h>

#include "contain/watch/holder.h"
#include "firn/freeze.h"

struct firn_watch;

struct firn_watching {
	struct firn_holder *holder; /* borrowed; NULL: nobody is named */
	bool holds_tasks;           /* it's to hold those that are new, too */
	bool refreeze;              /* what firn itself froze, until the
				     * deadline of a keeper in the ledger */
	firn_alarm_fn *alarm;       /* or NULL */
	void *alarm_arg;
};

/*
 * firn_watch_start(ret, target, ledger, how, err) -- from now on; it's frozen.
 *
 * Also without inotify or fanotify it goes on, with what there is.  Release
 * with firn_watch_end().
 */
FIRN_MUST_CHECK int firn_watch_start(struct firn_watch **ret,
				     const struct firn_target *target,
				     struct firn_ledger *ledger,
				     const struct firn_watching *how,
				     struct firn_err *err);

/*
 * firn_watch_look(watch) -- can what was read until now be relied upon?
 *
 * False once it was thawed and ran, or runs: for good, as what is read later
 * is of another moment.  One read(2) while nothing happens.  Sounds the alarm
 * for what is new, and freezes again.
 */
bool firn_watch_look(struct firn_watch *watch);

/*
 * firn_watch_report(watch) -- a new object, after a last look:
 *   "thawed_meanwhile"  objects with "time", "hierarchy", "by" (null, or "pid"
 *                       and "comm"), "refrozen", "ran" (had it processor time
 *                       since it was frozen?)
 *   "killed"            objects with "time", "pid", "tid", "comm", "signal":
 * held at the door until the capture's end "not_held"          threads that
 * would not have been: "tid", "comm", "error", "tracer" "cpu_us" {"before",
 * "after"}, of the whole cgroup, since its beginning; null if not known
 *   "unwatched"         only if its files could not be watched: why
 */
json_t *firn_watch_report(struct firn_watch *watch);

void firn_watch_end(struct firn_watch **watch);

#endif
