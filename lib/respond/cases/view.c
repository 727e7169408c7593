#include "respond/cases/view.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/playbook.h"
#include "respond/cases/diary.h"

/* Those that were folded, and the one that it was opened for.  Beyond a number
 * they are only counted. */
static json_int_t
count_alerts(const json_t *lines)
{
	const json_t *line;
	json_int_t n = 0;
	size_t i;

	json_array_foreach(lines, i, line) {
		const char *event = firn_json_string(line, "event", NULL);
		json_int_t count =
			json_integer_value(json_object_get(line, "count"));

		if (strcmp(event, "opened") == 0)
			n += json_is_object(json_object_get(line, "alert"));
		if (strcmp(event, "folded") == 0)
			n = count > 0 ? count + 1 : n + 1;
	}
	return n;
}

/* Of each step the last that was written. */
static json_t *
results(const json_t *lines)
{
	json_t *by_step[FIRN_PLAYBOOK_STEPS] = { NULL };
	json_t *ret = json_array(), *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		json_int_t n = json_integer_value(json_object_get(line, "n"));
		const char *event = firn_json_string(line, "event", NULL);

		if (strcmp(event, "step") == 0 && n >= 1 &&
		    n <= FIRN_PLAYBOOK_STEPS)
			by_step[n - 1] = line;
	}
	for (i = 0; i < FIRN_PLAYBOOK_STEPS; i++) {
		json_t *one;

		if (by_step[i] == NULL)
			continue;
		one = json_copy(by_step[i]);
		json_object_del(one, "event");
		json_array_append_new(ret, one);
	}
	return ret;
}

static const char *
state_of(const char *id, const json_t *lines)
{
	const json_t *finished = firn_diary_last(lines, "finished");
	const char *state = firn_json_string(finished, "state", NULL);

	if (state != NULL)
		return state;
	if (firn_diary_waits(lines) != NULL)
		return "waiting";
	return firn_diary_is_held(id) ? "working" : "interrupted";
}

static void
set_step(json_t *view, const json_t *lines, const char *state)
{
	const json_t *last = firn_diary_last(lines, "step");
	const json_t *waits = firn_diary_waits(lines);

	if (strcmp(state, "waiting") == 0) {
		json_object_set(view, "step", json_object_get(waits, "n"));
		json_object_set(view, "approval",
				json_object_get(waits, "approval"));
	} else if (strcmp(state, "working") == 0 ||
		   strcmp(state, "interrupted") == 0) {
		json_object_set(view, "step", json_object_get(last, "n"));
	}
}

static void
set_whole(json_t *view, const json_t *opened, const json_t *lines)
{
	json_t *others = json_array();
	const json_t *line;
	size_t i;

	json_object_set(view, "alert", json_object_get(opened, "alert"));
	json_object_set_new(view, "results", results(lines));
	json_array_foreach(lines, i, line) {
		const char *event = firn_json_string(line, "event", NULL);

		if (strcmp(event, "opened") != 0 &&
		    strcmp(event, "folded") != 0 && strcmp(event, "step") != 0)
			json_array_append(others, (json_t *)(uintptr_t)line);
	}
	json_object_set_new(view, "events", others);
}

/* Of the last capture: also where the case isn't finished. */
static void
set_archive(json_t *view, const json_t *lines)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		json_t *archive = firn_json_at(line, "result", "archive", NULL);

		if (archive != NULL)
			json_object_set(view, "archive", archive);
	}
}

json_t *
firn_case_view(const char *id, const json_t *lines, bool whole)
{
	const json_t *opened = firn_diary_last(lines, "opened");
	const json_t *finished = firn_diary_last(lines, "finished");
	const char *state;
	json_t *view;

	if (opened == NULL)
		return NULL;
	state = state_of(id, lines);
	view = json_object();
	firn_json_text(view, "case", id);
	json_object_set(view, "opened", json_object_get(opened, "time"));
	json_object_set(view, "target", json_object_get(opened, "target"));
	json_object_set(view, "playbook",
			firn_json_at(opened, "playbook", "name", NULL));
	json_object_set(view, "who", json_object_get(opened, "who"));
	json_object_set_new(view, "alerts", json_integer(count_alerts(lines)));
	firn_json_text(view, "state", state);
	set_step(view, lines, state);
	json_object_set(view, "steps",
			firn_json_at(opened, "playbook", "steps", NULL));
	set_archive(view, lines);
	json_object_set(view, "finished", json_object_get(finished, "time"));
	json_object_set(view, "why", json_object_get(finished, "why"));
	if (whole)
		set_whole(view, opened, lines);
	return view;
}
