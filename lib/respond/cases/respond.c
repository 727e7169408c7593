#include <errno.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/cases.h"
#include "respond/cases/opening.h"
#include "respond/cases/postman.h"
#include "respond/cases/view.h"
#include "respond/cases/work.h"

/*
 * respond -- a playbook is carried out by a person, here and now.
 */

static int
begin(struct firn_work *work, const struct firn_occasion *occasion,
      struct firn_err *err)
{
	autodone(firn_turn_close) struct firn_turn turn = FIRN_TURN;
	char other[FIRN_CASE_ID];

	if (firn_turn_take(&turn, occasion->target->id, err) < 0)
		return -1;
	if (firn_turn_open_case(&turn, other))
		return firn_err_set(err, EBUSY,
				    "case %s of this container isn't finished: "
				    "firn cases %s",
				    other, other);
	return firn_case_begin(work, &turn, occasion, err);
}

int
firn_respond(const struct firn_runner *runner, struct firn_target *target,
	     const struct firn_playbook *playbook, const struct firn_party *who,
	     const json_t *alert, json_t **ret, struct firn_err *err)
{
	autodone(firn_work_close) struct firn_work work =
		firn_work_init(runner);
	autodone(firn_postman_end) struct firn_postman postman = FIRN_POSTMAN;
	const struct firn_occasion occasion = {
		.target = target,
		.playbook = playbook,
		.who = who,
		.alert = alert,
	};
	autojson json_t *lines = NULL;
	int done;

	work.target = target;
	work.waits_itself = true;
	if (begin(&work, &occasion, err) < 0)
		return -1;
	firn_postman_start(&postman);
	done = firn_work_do(&work, err);
	if (done < 0 || firn_diary_read(work.diary.id, &lines, err) < 0)
		return -1;
	*ret = firn_case_view(work.diary.id, lines, true);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}

/* --- what would be done --------------------------------------------------- */
int
firn_respond_plan(const struct firn_runner *runner, struct firn_target *target,
		  const struct firn_playbook *playbook,
		  const struct firn_party *who, json_t **ret,
		  struct firn_err *err)
{
	autodone(firn_turn_close) struct firn_turn turn = FIRN_TURN;
	autojson json_t *plan = json_object(), *says = NULL, *explained = NULL;
	char open_case[FIRN_CASE_ID] = "";

	if (firn_turn_look(&turn, target->id, err) < 0 ||
	    firn_work_foretell(runner, target, playbook, who, &says, err) < 0)
		return -1;
	explained = firn_playbook_explain(playbook);
	json_object_set_new(plan, "target", firn_target_json(target));
	firn_json_text(plan, "playbook", playbook->name);
	json_object_set(plan, "steps", json_object_get(explained, "steps"));
	json_object_set(plan, "then", json_object_get(explained, "then"));
	json_object_set(plan, "roles", says);
	if (firn_turn_open_case(&turn, open_case))
		firn_json_text(plan, "open_case", open_case);
	*ret = firn_steal(plan);
	return 0;
}
