#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/freeze.h"
#include "respond/cases/work.h"

/*
 * work_ending -- how a container is left.
 */

/* Of one that is gone: what is in the ledger is closed, so that nobody looks
 * for it. */
static int
close_ledger(struct firn_work *work, json_t **ret, struct firn_err *err)
{
	autojson json_t *said = NULL;

	if (firn_work_ledger(work, err) < 0 ||
	    firn_thaw_recorded(work->runner->host, work->ledger, &said, err) <
		    0)
		return -1;
	*ret = json_pack("{s:s}", "state", "gone");
	return 0;
}

static int
keep_frozen(struct firn_work *work, json_t **ret, struct firn_err *err)
{
	const json_t *deadline = NULL;

	if (!firn_is_frozen(work->target))
		return firn_err_set(err, EINVAL,
				    "it isn't frozen: nothing in this case "
				    "froze it, it was thawed since, or it was "
				    "removed");
	for (size_t n = 0; n < work->playbook->n_steps; n++)
		if (deadline == NULL)
			deadline = firn_json_at(work->steps[n].result, "keeper",
						"deadline", NULL);
	*ret = json_pack("{s:s}", "state", "frozen");
	/* limits.max_freeze holds here, too. */
	json_object_set(*ret, "until", (json_t *)(uintptr_t)deadline);
	return 0;
}

/* Was it frozen in this case?  What another case or a person froze is not ours
 * to thaw. */
static bool
is_of_this_case(const struct firn_work *work)
{
	autojson json_t *open =
		firn_ledger_open_changes(work->ledger, "freeze");
	const json_t *change;
	size_t i;

	json_array_foreach(open, i, change) {
		const char *of = firn_json_string(change, "case", NULL);

		if (of != NULL && strcmp(of, work->diary.id) == 0)
			return true;
	}
	return false;
}

static int
thaw(struct firn_work *work, json_t **ret, struct firn_err *err)
{
	bool frozen = firn_is_frozen(work->target);

	if (firn_work_ledger(work, err) < 0)
		return -1;
	if (!is_of_this_case(work)) {
		*ret = json_pack("{s:s}", "state",
				 frozen ? "frozen" : "running");
		if (frozen)
			firn_json_text(*ret, "left",
				       "as it was found: frozen before this "
				       "case");
		return 0;
	}
	return firn_thaw(work->target, work->ledger, false, ret, err);
}

int
firn_work_leave(struct firn_work *work, enum firn_ending ending, json_t **ret,
		struct firn_err *err)
{
	if (work->target == NULL && ending == FIRN_THEN_KEEP_FROZEN)
		return firn_work_gone(work, err);
	if (work->target == NULL)
		return close_ledger(work, ret, err);
	switch (ending) {
	case FIRN_THEN_KEEP_FROZEN:
		return keep_frozen(work, ret, err);
	case FIRN_THEN_THAW:
		return thaw(work, ret, err);
	case FIRN_THEN_STOP:
		return firn_work_kill(work, false, ret, err);
	case FIRN_THEN_KILL:
		return firn_work_kill(work, true, ret, err);
	}
	return firn_err_set(err, EINVAL, "no such ending");
}
