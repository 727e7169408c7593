#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "contain/escape/quarantine.h"
#include "contain/freeze/freeze_record.h"
#include "contain/freeze/freezer.h"
#include "contain/freeze/hold.h"
#include "contain/freeze/thaw_forget.h"
#include "contain/freeze/urgency.h"
#include "contain/keep/keeper.h"
#include "contain/peek/peeking.h"
#include "firn/freeze.h"

#define THAW_TIMEOUT_NS (2 * UINT64_C(1000000000))

/* One cgroup of the target: what it says, whose that is, what to do. */
struct part {
	const struct firn_cgroup *cgroup; /* NULL: none, or removed */
	struct firn_freezer_state state;
	bool ours;   /* firn froze it */
	bool others; /* another asked for it, before or without us */
	bool write;  /* is to be thawed */
};

struct thawing {
	struct part parts[FIRN_N_HIERARCHIES];
	json_t *open;     /* firn's own freezes, to be undone */
	json_t *returned; /* what had left the cgroup; NULL if nothing had */
	bool held;        /* firn held it, and lets go */
	bool thawed;
	const char *remark;
};

static void
release(struct thawing *thawing)
{
	json_decref(thawing->open);
	json_decref(thawing->returned);
}

static int
look(struct thawing *thawing, const struct firn_target *target,
     struct firn_err *err)
{
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		struct part *part = &thawing->parts[h];
		struct firn_err why = { 0 };
		bool own_before = false;

		part->cgroup = firn_freezer_cgroup(target, h);
		if (part->cgroup == NULL)
			continue;
		if (firn_freezer_read(part->cgroup, h, &part->state, &why) <
		    0) {
			*err = why;
			if (!firn_freezer_lost(&why))
				return -1;
			part->cgroup = NULL;
			continue;
		}
		part->ours = firn_freeze_is_ours(thawing->open, part->cgroup, h,
						 &own_before);
		part->others = part->state.own && (!part->ours || own_before);
		part->write = part->state.own && !part->others;
	}
	return 0;
}

static bool
is_gone(const struct thawing *thawing)
{
	return thawing->parts[FIRN_V2].cgroup == NULL &&
	       thawing->parts[FIRN_V1].cgroup == NULL;
}

/* Who holds it, in words; NULL if nobody but firn does. */
static const char *
other_holder(const struct thawing *thawing)
{
	const struct part *v2 = &thawing->parts[FIRN_V2];
	const struct part *v1 = &thawing->parts[FIRN_V1];

	if (v2->others)
		return "cgroup.freeze is 1";
	if (v1->others)
		return "freezer.state is FROZEN";
	return NULL;
}

static bool
is_held_from_above(const struct thawing *thawing)
{
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++)
		if (thawing->parts[h].state.ancestors)
			return true;
	return false;
}

static int
may(const struct thawing *thawing, bool force, struct firn_err *err)
{
	const char *held = other_holder(thawing);

	if (json_array_size(thawing->open) > 0 || thawing->held ||
	    thawing->returned != NULL)
		return 0;
	if (held != NULL && !force)
		return firn_err_set(err, EPERM,
				    "it is frozen, but not by firn (%s and the "
				    "ledger has no freeze): resume it with "
				    "what paused it, or use --force",
				    held);
	if (held == NULL && is_held_from_above(thawing))
		return firn_err_set(err, EPERM,
				    "it is frozen by a cgroup above it, which "
				    "firn doesn't touch: thaw that one");
	return 0;
}

/* A forced thaw of what another froze is a change of its own. */
static int
ask_by_force(struct thawing *thawing, struct firn_ledger *ledger,
	     uint64_t *ret_change, struct firn_err *err)
{
	autojson json_t *details = json_object();

	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		struct part *part = &thawing->parts[h];

		if (part->cgroup == NULL || !part->others)
			continue;
		part->write = true;
		json_object_set_new(details, firn_hierarchy_names[h],
				    json_pack("{s:s, s:s}", "path",
					      part->cgroup->path, "write",
					      h == FIRN_V2 ? "0" : "THAWED"));
	}
	return firn_ledger_ask(ledger, "thaw", details, ret_change, err);
}

static int
write_back(struct thawing *thawing, struct firn_err *err)
{
	/* In the reverse order: v1 lies on top of v2. */
	for (int h = FIRN_N_HIERARCHIES - 1; h >= 0; h--) {
		struct part *part = &thawing->parts[h];
		struct firn_err why = { 0 };

		if (!part->write)
			continue;
		if (firn_freezer_write(part->cgroup, (enum firn_hierarchy)h,
				       false, &why) == 0) {
			thawing->thawed = true;
			continue;
		}
		*err = why;
		if (!firn_freezer_lost(&why))
			return -1;
		part->cgroup = NULL;
	}
	return 0;
}

/* Is the cgroup above frozen?  Then ours will not say otherwise. */
static bool
parent_is_frozen(const struct firn_cgroup *cgroup)
{
	autofree char *events = NULL;
	struct firn_err ignored = { 0 };

	return firn_read_at(cgroup->dir_fd, "../cgroup.events", 4096, &events,
			    NULL, &ignored) == 0 &&
	       strstr(events, "frozen 1") != NULL;
}

/* How it stands now; a cgroup that goes meanwhile holds nothing. */
static int
confirm(struct thawing *thawing, struct firn_err *err)
{
	const uint64_t deadline_ns = firn_monotonic_ns() + THAW_TIMEOUT_NS;

	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		struct part *part = &thawing->parts[h];
		struct firn_err why = { 0 };

		part->state = (struct firn_freezer_state){ 0 };
		if (part->cgroup == NULL)
			continue;
		if (h == FIRN_V2 && part->write &&
		    !parent_is_frozen(part->cgroup) &&
		    firn_v2_wait(part->cgroup, false, deadline_ns, &why) < 0 &&
		    !firn_freezer_lost(&why))
			goto failed;
		why = (struct firn_err){ 0 };
		if (firn_freezer_read(part->cgroup, h, &part->state, &why) ==
			    0 ||
		    firn_freezer_lost(&why))
			continue;
failed:
		*err = why;
		return -1;
	}
	return 0;
}

static int
close_changes(const struct thawing *thawing, struct firn_ledger *ledger,
	      struct firn_err *err)
{
	autojson json_t *details = NULL;
	json_t *change;
	size_t i;

	if (thawing->remark != NULL)
		details = json_pack("{s:s}", "note", thawing->remark);
	json_array_foreach(thawing->open, i, change) {
		json_int_t number =
			json_integer_value(json_object_get(change, "change"));

		if (firn_ledger_note(ledger, (uint64_t)number, "undone",
				     details, err) < 0)
			return -1;
	}
	return 0;
}

static json_t *
report(const struct thawing *thawing)
{
	const char *state = "running", *by = NULL;
	json_t *json;

	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct part *part = &thawing->parts[h];

		if (part->state.own)
			by = "runtime";
		else if (part->state.ancestors && by == NULL)
			by = "parent";
	}
	if (by != NULL)
		state = "frozen";
	if (is_gone(thawing))
		state = "gone";
	json = json_pack("{s:s, s:b, s:s?}", "state", state, "thawed",
			 thawing->thawed, "by", by);
	if (thawing->returned != NULL)
		json_object_update(json, thawing->returned);
	return json;
}

static int
force_open(struct thawing *thawing, struct firn_ledger *ledger,
	   struct firn_err *err)
{
	uint64_t change;
	autojson json_t *details =
		json_pack("{s:s}", "note", "thawed by force: nothing to undo");

	if (ask_by_force(thawing, ledger, &change, err) < 0)
		return -1;
	if (write_back(thawing, err) < 0) {
		struct firn_err ignored = { 0 };

		if (firn_ledger_note(ledger, change, "failed", NULL, &ignored) <
		    0)
			return firn_err_in(err, "%s", ignored.text);
		return -1;
	}
	return firn_ledger_note(ledger, change, "undone", details, err);
}

/* What was moved goes back.  One that is stuck is no reason to let all the
 * others wait: that is said at the end. */
static int
let_go(struct thawing *thawing, struct firn_target *target,
       struct firn_ledger *ledger, struct firn_err *stuck, struct firn_err *err)
{
	if (firn_quarantine_undo(target->host, ledger, &thawing->returned,
				 stuck) < 0 &&
	    thawing->returned == NULL)
		return firn_err_set(err, stuck->code, "%s", stuck->text);
	return firn_hold_undo(target, ledger, &thawing->held, err);
}

int
firn_thaw(struct firn_target *target, struct firn_ledger *ledger, bool force,
	  json_t **ret, struct firn_err *err)
{
	autodone(release) struct thawing thawing = { 0 };
	/* Two thousand tasks that run again leave nobody else much. */
	autodone(firn_urgency_end) struct firn_urgency urgency
		__attribute__((unused)) = firn_urgency_begin();
	struct firn_err stuck = { 0 }, unmended = { 0 };
	int written, mended;

	/* A keeper may have frozen it again meanwhile, after a restart. */
	if (firn_ledger_refresh(ledger, err) < 0)
		return firn_err_in(err, "thaw");
	thawing.open = firn_ledger_open_changes(ledger, "freeze");
	if (thawing.open == NULL)
		return firn_err_nomem(err);
	if (firn_freezer_refuse(target, err) < 0)
		return firn_err_in(err, "thaw");
	/* Before anybody can meet it; a socket that is locked doesn't keep all
	 * others waiting. */
	mended = firn_peeking_undo(target->host, ledger, &unmended);
	if (let_go(&thawing, target, ledger, &stuck, err) < 0 ||
	    look(&thawing, target, err) < 0 || may(&thawing, force, err) < 0)
		return firn_err_in(err, "thaw");
	if (is_gone(&thawing))
		return firn_thaw_recorded(target->host, ledger, ret, err);

	if (force && other_holder(&thawing) != NULL)
		written = force_open(&thawing, ledger, err);
	else
		written = write_back(&thawing, err);
	if (written < 0 || confirm(&thawing, err) < 0)
		return firn_err_in(err, "thaw");

	if (is_gone(&thawing))
		thawing.remark = "the container is gone";
	else if (!thawing.thawed)
		thawing.remark = "found thawed, or never frozen";
	if (close_changes(&thawing, ledger, err) < 0 ||
	    firn_keeper_end(ledger, "thaw", 0, "it was thawed", err) < 0)
		return firn_err_in(err, "thaw");
	if (stuck.code != 0) {
		*err = stuck;
		return firn_err_in(err, "thaw");
	}
	if (mended < 0) {
		*err = unmended;
		return firn_err_in(err, "thaw");
	}
	*ret = report(&thawing);
	return firn_thaw_forget(ledger, *ret, err);
}
