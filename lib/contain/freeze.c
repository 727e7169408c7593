#include "firn/freeze.h"

#include <errno.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/freeze/freeze_record.h"
#include "contain/freeze/freezer.h"
#include "contain/freeze/hold.h"
#include "contain/freeze/still.h"
#include "contain/freeze/urgency.h"
#include "contain/freeze_members.h"
#include "contain/keep/keeper.h"
#include "contain/keep/keeper_thaw.h"
#include "contain/watch/holder.h"
#include "firn/consequences.h"

/* One freeze, from the question to the answer; by hierarchy. */
struct freezing {
	const struct firn_cgroup *cgroup[FIRN_N_HIERARCHIES]; /* or NULL */
	struct firn_freezer_state before[FIRN_N_HIERARCHIES];
	bool writes[FIRN_N_HIERARCHIES]; /* is there anything to ask for? */
	struct firn_still still;
	json_t *failures; /* of a hierarchy; the other one goes on */
	bool one_runs;    /* of the escapees */
	const char *already;
	uint64_t change; /* 0 while nothing was asked */
	uint64_t keeper; /* its change; 0 if there is none */
	uint64_t deadline_ns, elapsed_us;
	struct firn_target *target;
	struct firn_holder **holder; /* or NULL */
	struct firn_err unheld;      /* why the tasks aren't held */
	json_t *result;
};

static void
release(struct freezing *freezing)
{
	firn_still_free(&freezing->still);
	json_decref(freezing->failures);
	json_decref(freezing->result);
}

/* Who had frozen it before?  NULL if nobody. */
static const char *
who(const struct freezing *freezing, const struct firn_ledger *ledger)
{
	autojson json_t *open = NULL;
	const char *found = NULL;

	if (freezing->before[FIRN_V2].own || freezing->before[FIRN_V1].own)
		open = firn_ledger_open_changes(ledger, "freeze");
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_freezer_state *before = &freezing->before[h];

		if (freezing->cgroup[h] == NULL)
			continue;
		if (before->own &&
		    !firn_freeze_is_ours(open, freezing->cgroup[h], h, NULL))
			return "runtime";
		if (before->own)
			found = "firn";
		else if (before->ancestors && found == NULL)
			found = "parent";
	}
	return found;
}

static int
look_before(struct freezing *freezing, const struct firn_target *target,
	    const struct firn_ledger *ledger, struct firn_err *err)
{
	struct firn_err why = { 0 };
	unsigned n = 0;

	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(target, h);

		if (cgroup == NULL)
			continue;
		if (firn_freezer_read(cgroup, h, &freezing->before[h], &why) <
		    0) {
			if (firn_freezer_lost(&why))
				continue;
			*err = why;
			return -1;
		}
		freezing->cgroup[h] = cgroup;
		freezing->writes[h] = !freezing->before[h].own;
		n++;
	}
	if (n == 0) {
		*err = why;
		return -1;
	}
	freezing->already = who(freezing, ledger);
	return 0;
}

static int
ask(struct freezing *freezing, const struct firn_target *target,
    struct firn_ledger *ledger, struct firn_err *err)
{
	autojson json_t *details = NULL;

	if (!freezing->writes[FIRN_V2] && !freezing->writes[FIRN_V1])
		return 0;
	details =
		firn_freeze_details(target, freezing->writes, freezing->before);
	if (details == NULL)
		return firn_err_nomem(err);
	return firn_ledger_ask(ledger, "freeze", details, &freezing->change,
			       err);
}

/* Before the freeze: whatever moment firn dies at, it isn't frozen for ever. */
static int
stand_by(struct freezing *freezing, const struct firn_target *target,
	 struct firn_ledger *ledger, unsigned max_s, struct firn_err *err)
{
	json_t *keeper = NULL;

	if (max_s == 0)
		return 0;
	if (firn_keep_freeze(target, ledger, max_s, &keeper, &freezing->keeper,
			     err) < 0)
		return -1;
	json_object_set_new(freezing->result, "keeper", keeper);
	return 0;
}

/* One that can't be ended finds nothing to thaw. */
static int
stand_down(const struct freezing *freezing, struct firn_ledger *ledger,
	   struct firn_err *err)
{
	struct firn_err why = { 0 };

	if (freezing->keeper != 0 &&
	    firn_keeper_dismiss(ledger, freezing->keeper, "nothing was frozen",
				&why) < 0)
		return firn_err_in(err, "%s", why.text);
	return -1;
}

static int
replace_others(const struct freezing *freezing, struct firn_ledger *ledger,
	       struct firn_err *err)
{
	if (freezing->keeper == 0)
		return 0;
	return firn_keeper_end(ledger, "thaw", freezing->keeper,
			       "another --max-freeze took its place", err);
}

/* 1 when it's confirmed, 0 when the deadline passed, -1. */
static int
freeze_v2(struct freezing *freezing, uint64_t deadline_ns, struct firn_err *err)
{
	const struct firn_cgroup *cgroup = freezing->cgroup[FIRN_V2];
	const struct firn_freezer_state *v1 = &freezing->before[FIRN_V1];

	if (freezing->writes[FIRN_V2] &&
	    firn_freezer_write(cgroup, FIRN_V2, true, err) < 0)
		return -1;
	/* Tasks that v1 holds never come to where v2 counts them.  The request
	 * holds all the same, as soon as v1 lets go. */
	if (v1->own || v1->ancestors)
		deadline_ns = 0;
	return firn_v2_wait(cgroup, true, deadline_ns, err);
}

static int
freeze_v1(const struct freezing *freezing, struct firn_err *err)
{
	const struct firn_freezer_state *before = &freezing->before[FIRN_V1];

	if (before->own && before->frozen)
		return 1;
	return firn_v1_insist(freezing->cgroup[FIRN_V1], freezing->deadline_ns,
			      err);
}

/* Hold the tasks themselves; those that aren't yet. */
static void
hold_tasks(struct freezing *freezing, bool stopped_only)
{
	if (freezing->holder == NULL || freezing->unheld.code != 0)
		return;
	if ((*freezing->holder == NULL &&
	     firn_holder_start(freezing->holder, freezing->target,
			       &freezing->unheld) < 0) ||
	    firn_holder_seize(*freezing->holder, stopped_only,
			      &freezing->unheld) < 0)
		return;
	freezing->target->holder_pid = firn_holder_pid(*freezing->holder);
}

static json_t *
tasks_held(const struct freezing *freezing)
{
	json_t *said = json_object();

	if (freezing->unheld.code != 0)
		firn_json_text(said, "error", freezing->unheld.text);
	else
		firn_json_uint(said, "threads",
			       firn_holder_held(*freezing->holder));
	return said;
}

/* v2 first: v1 would keep its tasks from being counted.  Fails only if no
 * hierarchy took it. */
static int
make(struct freezing *freezing, unsigned timeout_ms, struct firn_err *err)
{
	const uint64_t started_ns = firn_monotonic_ns();
	const uint64_t timeout_ns = (uint64_t)timeout_ms * 1000000;
	unsigned taken = 0;

	freezing->deadline_ns = started_ns + timeout_ns;
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		struct firn_err why = { 0 };
		uint64_t v2_deadline_ns = freezing->deadline_ns;
		int done;

		/* Between the two: contain/watch/holder.h. */
		if (h == FIRN_V1)
			hold_tasks(freezing,
				   !freezing->still.confirmed[FIRN_V2]);
		if (freezing->cgroup[h] == NULL)
			continue;
		/* v1 is to have its turn, whatever v2 comes to. */
		if (freezing->cgroup[FIRN_V1] != NULL)
			v2_deadline_ns -= timeout_ns / 4;
		done = h == FIRN_V2 ? freeze_v2(freezing, v2_deadline_ns, &why)
				    : freeze_v1(freezing, &why);
		freezing->still.confirmed[h] = done == 1;
		if (done >= 0) {
			taken++;
			continue;
		}
		*err = why;
		json_array_append_new(freezing->failures,
				      json_pack("{s:s, s:s}", "hierarchy",
						firn_hierarchy_names[h],
						"error", why.text));
	}
	freezing->elapsed_us = (firn_monotonic_ns() - started_ns) / 1000;
	return taken > 0 ? 0 : -1;
}

/* Has any cgroup our request, though none could be waited for? */
static bool
took_any(const struct freezing *freezing)
{
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		struct firn_freezer_state now = { 0 };
		struct firn_err why = { 0 };

		if (!freezing->writes[h])
			continue;
		if (firn_freezer_read(freezing->cgroup[h], h, &now, &why) < 0 &&
		    !firn_freezer_lost(&why))
			return true; /* better undone once too often */
		if (now.own)
			return true;
	}
	return false;
}

/* What is done is done: a ledger that can't be written any more is told of, as
 * the change was asked for and can be undone. */
static void
note(struct freezing *freezing, struct firn_ledger *ledger, const char *phase)
{
	autojson json_t *details = json_object();
	struct firn_err why = { 0 };

	if (freezing->change == 0)
		return;
	firn_json_uint(details, "elapsed_us", freezing->elapsed_us);
	if (freezing->still.n_unfrozen > 0)
		firn_json_uint(details, "unfrozen", freezing->still.n_unfrozen);
	if (json_array_size(freezing->failures) > 0)
		json_object_set(details, "failures", freezing->failures);
	if (firn_ledger_note(ledger, freezing->change, phase, details, &why) <
	    0)
		firn_json_text(freezing->result, "unrecorded", why.text);
}

static void
report(struct freezing *freezing)
{
	json_t *result = freezing->result, *hierarchies = json_array();

	firn_json_text(result, "state",
		       freezing->still.all && !freezing->one_runs ? "frozen"
								  : "partial");
	json_object_set_new(result, "already",
			    freezing->already != NULL
				    ? json_string(freezing->already)
				    : json_null());
	firn_json_uint(result, "elapsed_us", freezing->elapsed_us);
	firn_json_uint(result, "processes", freezing->still.n_processes);
	firn_json_uint(result, "threads", freezing->still.n_threads);
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++)
		if (freezing->still.confirmed[h])
			json_array_append_new(hierarchies,
					      json_string(
						      firn_hierarchy_names[h]));
	json_object_set_new(result, "hierarchies", hierarchies);
	if (json_array_size(freezing->failures) > 0)
		json_object_set(result, "failures", freezing->failures);
	if (!freezing->still.all) {
		json_object_set(result, "unfrozen", freezing->still.unfrozen);
		firn_json_uint(result, "unfrozen_threads",
			       freezing->still.n_unfrozen);
	}
	if (freezing->still.why.code != 0)
		firn_json_text(result, "unfrozen_error",
			       freezing->still.why.text);
}

static void
hold(struct freezing *freezing, const struct firn_target *target,
     struct firn_ledger *ledger)
{
	struct firn_err why = { 0 };
	json_t *held = NULL;

	if (firn_hold(target, ledger, &held, &why) < 0)
		firn_json_text(freezing->result, "hold_error", why.text);
	else
		json_object_set_new(freezing->result, "held", held);
}

int
firn_freeze(struct firn_target *target, struct firn_ledger *ledger,
	    const struct firn_freezing *how, json_t **ret, struct firn_err *err)
{
	autodone(release) struct freezing freezing = { 0 };
	autodone(firn_urgency_end) struct firn_urgency urgency
		__attribute__((unused)) = firn_urgency_begin();

	freezing.target = target;
	freezing.holder = how->holder;
	freezing.result = json_object();
	freezing.failures = json_array();
	if (freezing.result == NULL || freezing.failures == NULL)
		return firn_err_nomem(err);
	if (firn_freezer_refuse(target, err) < 0 ||
	    look_before(&freezing, target, ledger, err) < 0 ||
	    stand_by(&freezing, target, ledger, how->max_s, err) < 0)
		return firn_err_in(err, "freeze");
	if (ask(&freezing, target, ledger, err) < 0)
		return stand_down(&freezing, ledger, err);

	if (make(&freezing, how->timeout_ms, err) < 0) {
		if (!took_any(&freezing)) {
			note(&freezing, ledger, "failed");
			return stand_down(&freezing, ledger, err);
		}
		return firn_err_in(err, "freeze");
	}
	note(&freezing, ledger, "made");
	hold_tasks(&freezing, false);
	if (how->stands != NULL)
		how->stands(how->stands_arg);
	if (replace_others(&freezing, ledger, err) < 0)
		return firn_err_in(err, "freeze");
	freezing.one_runs =
		firn_freeze_members(target, ledger, how, freezing.result);
	firn_still_judge(&freezing.still, target);
	note(&freezing, ledger, freezing.still.all ? "confirmed" : "made");

	report(&freezing);
	if (how->holder != NULL)
		json_object_set_new(freezing.result, "tasks_held",
				    tasks_held(&freezing));
	if (how->hold)
		hold(&freezing, target, ledger);
	json_object_set_new(freezing.result, "consequences",
			    firn_consequences(target));
	*ret = firn_steal(freezing.result);
	return 0;
}

bool
firn_is_frozen(const struct firn_target *target)
{
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(target, h);
		struct firn_freezer_state state = { 0 };
		struct firn_err ignored = { 0 };

		if (cgroup != NULL &&
		    firn_freezer_read(cgroup, h, &state, &ignored) == 0 &&
		    state.frozen)
			return true;
	}
	return firn_hold_stands(target);
}
