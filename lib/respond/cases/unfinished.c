#include "respond/cases/unfinished.h"

#include "base/auto.h"
#include "base/json.h"
#include "respond/cases/approvals.h"
#include "respond/cases/diary.h"
#include "respond/cases/turn.h"

/* It is its container's turn, which a crash may have kept it from saying. */
static int
take_turn(const char *case_id, const json_t *opened, struct firn_err *err)
{
	autodone(firn_turn_close) struct firn_turn turn = FIRN_TURN;
	const char *target = firn_json_string(opened, "target", "id", NULL);
	const char *who = firn_json_string(opened, "who", "name", NULL);
	const char *playbook =
		firn_json_string(opened, "playbook", "name", NULL);
	char other[FIRN_CASE_ID];

	if (target == NULL || playbook == NULL)
		return 0;
	if (firn_turn_take(&turn, target, err) < 0)
		return -1;
	if (firn_turn_open_case(&turn, other))
		return 0;
	return firn_turn_begin(&turn, case_id, playbook, who != NULL ? who : "",
			       err);
}

int
firn_unfinished(const char *id, const json_t *lines, json_t *open,
		struct firn_err *err)
{
	const json_t *opened = firn_diary_last(lines, "opened");

	if (opened == NULL || firn_diary_last(lines, "finished") != NULL)
		return 0;
	if (take_turn(id, opened, err) < 0)
		return -1;
	json_array_append_new(open, json_string(id));
	return 0;
}

bool
firn_unfinished_waits(const json_t *lines)
{
	const json_t *waits = firn_diary_waits(lines);
	autojson json_t *approval = NULL;
	struct firn_err none = { 0 };

	return waits != NULL &&
	       firn_approval_of(firn_json_string(waits, "approval", NULL),
				&approval, &none) == 0 &&
	       firn_approval_is_open(waits, approval);
}
