#include <stdio.h>

#include "base/auto.h"
#include "base/json.h"
#include "respond/cases/work.h"

/*
 * work_pod -- a cut of the whole pod is asked for each container that it cuts.
 */

/* firn_permitted_as(), or firn_would_permit(). */
typedef int ask_fn(const struct firn_permit *permit, enum firn_role role,
		   const struct firn_traits *what, struct firn_decision *ret,
		   struct firn_err *err);

bool
firn_playbook_cuts_pod(const struct firn_playbook *playbook)
{
	for (size_t n = 0; n < playbook->n_steps; n++) {
		const struct firn_step *step = &playbook->steps[n];

		if (step->kind == FIRN_STEP_ISOLATE && !step->cut_nothing &&
		    step->isolation.whole_pod)
			return true;
	}
	return false;
}

/* One that ends meanwhile is asked for as it was known. */
static int
ask_of(const struct firn_permit *permit, const char *id, ask_fn *ask,
       struct firn_decision *ret, struct firn_err *err)
{
	autodone(firn_target_close) struct firn_target *target = NULL;
	autojson json_t *kept = NULL;
	struct firn_err gone = { 0 };
	struct firn_traits what;

	if (firn_target_open_forced(&target, permit->host, id, &gone) == 0)
		firn_target_traits(target, &what);
	else if (firn_gone_traits(id, &kept, &what, err) < 0)
		return -1;
	return ask(permit, FIRN_ROLE_ISOLATE, &what, ret, err);
}

/* The gravest answer: a no before a second person's, the first of each. */
static void
take_answer(struct firn_decision *ret, const struct firn_decision *said,
	    const char *id)
{
	if (said->verdict == FIRN_ALLOWED ||
	    (ret->verdict != FIRN_ALLOWED &&
	     (ret->verdict != FIRN_NEEDS_APPROVAL ||
	      said->verdict == FIRN_NEEDS_APPROVAL)))
		return;
	*ret = *said;
	snprintf(ret->why, sizeof(ret->why),
		 "it shares its network with %.12s: %.340s", id, said->why);
}

/* `lacking` gets those that it isn't allowed for, or is NULL. */
static int
ask_each(const struct firn_permit *permit, const json_t *ids, ask_fn *ask,
	 struct firn_decision *ret, json_t *lacking, struct firn_err *err)
{
	const json_t *id;
	size_t i;

	*ret = (struct firn_decision){ .verdict = FIRN_ALLOWED };
	json_array_foreach(ids, i, id) {
		struct firn_decision said = { 0 };

		if (ask_of(permit, json_string_value(id), ask, &said, err) < 0)
			return -1;
		take_answer(ret, &said, json_string_value(id));
		if (said.verdict != FIRN_ALLOWED && lacking != NULL)
			json_array_append_new(lacking,
					      json_string(
						      json_string_value(id)));
	}
	return 0;
}

int
firn_pod_would(const struct firn_permit *permit, struct firn_target *target,
	       struct firn_decision *ret, struct firn_err *err)
{
	autojson json_t *ids = NULL;

	if (firn_permit_pod(target, &ids, err) < 0)
		return -1;
	return ask_each(permit, ids, firn_would_permit, ret, NULL, err);
}

int
firn_pod_permitted(const struct firn_permit *permit, struct firn_target *target,
		   struct firn_decision *ret, struct firn_err *err)
{
	autojson json_t *ids = NULL, *lacking = json_array();

	if (firn_permit_pod(target, &ids, err) < 0 ||
	    ask_each(permit, ids, firn_would_permit, ret, lacking, err) < 0)
		return -1;
	/* A yes is used up only where no other is missing. */
	return ask_each(permit, json_array_size(lacking) > 0 ? lacking : ids,
			firn_permitted_as, ret, NULL, err);
}
