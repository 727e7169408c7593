#include "respond/playbook/written.h"

#include <string.h>
#include <unistd.h>

#include "base/json.h"

/*
 * looks -- what is allowed, and hardly what somebody wants.
 */

/* What has been done before a step. */
struct so_far {
	bool captured, frozen;
	const struct firn_step *cut; /* and it hasn't been frozen since */
};

/* Cut and captured as one act, it is frozen in between. */
static void
look_at_capture(struct firn_playbook *playbook, const struct firn_step *step,
		struct so_far *before)
{
	const struct firn_step *cut = before->cut;

	if (cut != NULL && cut + 1 != step)
		firn_playbook_warn(playbook, cut->line, cut->column,
				   "the network is cut, the container runs on, "
				   "and is captured only later: whoever is in "
				   "it has the time to clean up; freeze it, "
				   "too");
	before->captured = true;
	before->cut = NULL;
}

static void
look_at_ending(struct firn_playbook *playbook, const struct firn_step *step,
	       const struct so_far *before)
{
	bool ends = step->ending == FIRN_THEN_STOP ||
		    step->ending == FIRN_THEN_KILL;

	if (ends && !before->captured)
		firn_playbook_warn(playbook, step->line, step->column,
				   "nothing was captured before the container "
				   "is ended: what it holds in memory, and "
				   "whatever the runtime deletes with it, is "
				   "lost");
	if (step->ending == FIRN_THEN_KEEP_FROZEN && !before->frozen)
		firn_playbook_warn(playbook, step->line, step->column,
				   "\"keep-frozen\", and no \"freeze\" before: "
				   "it will only have been frozen for the "
				   "capture, and stays so");
}

static void
look_at_step(struct firn_playbook *playbook, const struct firn_step *step,
	     struct so_far *before)
{
	switch (step->kind) {
	case FIRN_STEP_FREEZE:
		before->frozen = !step->leave_running;
		before->cut = NULL;
		if (step->leave_running)
			firn_playbook_warn(playbook, step->line, step->column,
					   "it runs on while it is read: what "
					   "is captured may not fit together");
		return;
	case FIRN_STEP_ISOLATE:
		if (!step->cut_nothing && !before->frozen)
			before->cut = step;
		return;
	case FIRN_STEP_CAPTURE:
		look_at_capture(playbook, step, before);
		return;
	case FIRN_STEP_SEND:
		if (!before->captured)
			firn_playbook_warn(playbook, step->line, step->column,
					   "there is no archive to send yet: "
					   "no \"capture\" comes before");
		return;
	case FIRN_STEP_SEAL:
		if (!before->captured)
			firn_playbook_warn(playbook, step->line, step->column,
					   "nothing is captured before it is "
					   "sealed");
		return;
	case FIRN_STEP_THEN:
		look_at_ending(playbook, step, before);
		return;
	case FIRN_STEP_SECRETS:
	case FIRN_STEP_EXPOSURE:
	case FIRN_STEP_WAIT:
	case FIRN_STEP_NOTIFY:
	case FIRN_STEP_RUN:
		return;
	}
}

static void
look_at_limits(struct firn_playbook *playbook)
{
	bool freezes = false;

	for (size_t i = 0; i < playbook->n_steps; i++)
		freezes = freezes ||
			  (playbook->steps[i].kind == FIRN_STEP_FREEZE &&
			   !playbook->steps[i].leave_running);
	if (json_array_size(playbook->match) > 0 &&
	    playbook->limits.cooldown_s == 0)
		firn_playbook_warn(playbook, 0, 0,
				   "no limits.cooldown: an alert that comes "
				   "again and again starts it again and again");
	if (freezes && playbook->limits.max_freeze_s == 0)
		firn_playbook_warn(
			playbook, 0, 0,
			"no limits.max_freeze: if a step hangs, the "
			"container stays frozen until somebody thaws "
			"it");
}

void
firn_playbook_look(struct firn_playbook *playbook)
{
	struct so_far before = { 0 };

	for (size_t i = 0; i < playbook->n_steps; i++)
		look_at_step(playbook, &playbook->steps[i], &before);
	look_at_limits(playbook);
}

/* --- on this node ---------------------------------------------------------
 */

static void
look_for(struct firn_playbook *playbook, const struct firn_step *step,
	 const char *path)
{
	if (path == NULL || access(path, F_OK) == 0)
		return;
	firn_playbook_warn(playbook, step != NULL ? step->line : 0,
			   step != NULL ? step->column : 0,
			   "%s isn't there on this node", path);
}

void
firn_playbook_look_here(struct firn_playbook *playbook)
{
	const json_t *hook;
	size_t i;

	for (i = 0; i < playbook->n_steps; i++) {
		const struct firn_step *step = &playbook->steps[i];

		look_for(playbook, step, step->key);
		look_for(playbook, step, step->secret_file);
		if (step->kind == FIRN_STEP_RUN)
			look_for(playbook, step, step->words.items[0]);
	}
	json_array_foreach(playbook->notify, i, hook) {
		look_for(playbook, NULL,
			 firn_json_string(hook, "secret_file", NULL));
	}
}
