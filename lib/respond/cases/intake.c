#include "respond/cases/intake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/alert.h"
#include "respond/cases/opening.h"
#include "respond/cases/sender.h"

/* So many alerts stand in a case's diary one by one; then every so many. */
#define FOLDED_MAX 1000
#define FOLDED_EACH 1000

/* A letter under way. */
struct reading {
	struct firn_intake *intake;
	const struct firn_letter *letter;
	struct firn_party who;
	const json_t *alert;
	size_t index;
};

/* --- when it came --------------------------------------------------------- */

/* When the letter came.  One that lies about it makes its own alerts unknown.
 */
static uint64_t
came_ns(const struct firn_intake *intake, const struct firn_letter *letter)
{
	const json_t *said = json_object_get(letter->envelope, "boot_ns");
	uint64_t now_ns = firn_boot_ns();

	if (intake->looked)
		return 0;
	if (json_is_integer(said) &&
	    (uint64_t)json_integer_value(said) < now_ns)
		return (uint64_t)json_integer_value(said);
	return now_ns;
}

/* --- answers -------------------------------------------------------------- */

static json_t *
answer(const struct reading *reading)
{
	json_t *one = json_object();

	json_object_set(one, "id", json_object_get(reading->alert, "id"));
	json_object_set(one, "rule", json_object_get(reading->alert, "rule"));
	return one;
}

static json_t *
refused(const struct reading *reading, const char *reason, const char *text)
{
	json_t *one = answer(reading);

	firn_json_text(one, "reason", reason);
	firn_json_text(one, "text", text);
	return one;
}

static json_t *
leads_nowhere(const struct reading *reading, json_t *why)
{
	json_t *one = answer(reading);

	json_object_update(one, why);
	json_decref(why);
	return one;
}

/* --- into a case ---------------------------------------------------------- */

static json_t *
fold_line(const struct reading *reading, json_int_t count)
{
	json_t *line = json_object();

	firn_json_text(line, "letter", reading->letter->name);
	firn_json_uint(line, "index", reading->index);
	json_object_set(line, "id", json_object_get(reading->alert, "id"));
	json_object_set(line, "rule", json_object_get(reading->alert, "rule"));
	if (count > FOLDED_MAX)
		json_object_set_new(line, "count", json_integer(count));
	return line;
}

/* One more alert about what a case is at already: no second act. */
static int
fold(struct reading *reading, const char *case_id, json_t **ret,
     struct firn_err *err)
{
	json_t *folded = reading->intake->folded;
	json_int_t count =
		json_integer_value(json_object_get(folded, case_id)) + 1;
	autojson json_t *line = fold_line(reading, count);

	json_object_set_new(folded, case_id, json_integer(count));
	if ((count <= FOLDED_MAX || count % FOLDED_EACH == 0) &&
	    firn_diary_tell(case_id, "folded", line, err) < 0)
		return -1;
	*ret = answer(reading);
	firn_json_text(*ret, "case", case_id);
	json_object_set_new(*ret, "folded", json_true());
	return 0;
}

static int
open_case(struct reading *reading, struct firn_turn *turn,
	  const struct firn_playbook *playbook, struct firn_target *target,
	  json_t **ret, struct firn_err *err)
{
	struct firn_intake *intake = reading->intake;
	autodone(firn_work_close) struct firn_work work =
		firn_work_init(intake->runner);
	const struct firn_occasion occasion = {
		.target = target,
		.playbook = playbook,
		.who = &reading->who,
		.alert = reading->alert,
		.letter = reading->letter->name,
		.index = reading->index,
	};

	if (firn_case_begin(&work, turn, &occasion, err) < 0)
		return -1;
	firn_turn_close(turn); /* or the child would hold it, too */
	work.target = target;
	*ret = answer(reading);
	firn_json_text(*ret, "case", work.diary.id);
	firn_json_text(*ret, "playbook", playbook->name);
	intake->start(&work, intake->arg);
	return 0;
}

/* `*ret` stays NULL for what would open a case, unless there is the target that
 * it would be opened for. */
static int
decide(struct reading *reading, const struct firn_target *target,
       struct firn_target *to_open, json_t **ret, struct firn_err *err)
{
	const struct firn_runner *runner = reading->intake->runner;
	autodone(firn_turn_close) struct firn_turn turn = FIRN_TURN;
	const struct firn_playbook *playbook;
	struct firn_traits traits;
	char running[FIRN_CASE_ID], text[128];
	unsigned wait_s;

	if (firn_turn_take(&turn, target->id, err) < 0)
		return -1;
	if (firn_turn_open_case(&turn, running))
		return fold(reading, running, ret, err);
	firn_target_traits(target, &traits);
	playbook = firn_playbooks_choose(runner->playbooks, reading->alert,
					 reading->who.name, &traits, NULL);
	if (playbook == NULL) {
		*ret = refused(reading, "no playbook",
			       "no playbook is for this alert");
		return 0;
	}
	wait_s = firn_turn_wait_s(&turn, playbook->name, reading->who.name,
				  playbook->limits.cooldown_s);
	if (wait_s > 0) {
		snprintf(text, sizeof(text),
			 "this playbook was carried out lately; it may be "
			 "again in %u s",
			 wait_s);
		*ret = refused(reading, "cooldown", text);
		return 0;
	}
	if (to_open == NULL)
		return 0;
	return open_case(reading, &turn, playbook, to_open, ret, err);
}

static int
find_and_decide(struct reading *reading, const char *container_id, json_t **ret,
		struct firn_err *err)
{
	struct firn_intake *intake = reading->intake;
	autodone(firn_target_close) struct firn_target *target = NULL;
	struct firn_err why = { 0 };
	json_t *nowhere = NULL;
	int done;

	switch (firn_alert_find(intake->runner->host, reading->alert, &target,
				&nowhere, &why)) {
	case FIRN_LEADS_TO_TARGET:
		done = decide(reading, target, target, ret, err);
		if (container_id != NULL)
			firn_known_add(&intake->known, container_id, &target);
		return done;
	case FIRN_LEADS_NOWHERE:
		*ret = leads_nowhere(reading, nowhere);
		return 0;
	default:
		*ret = refused(reading, "failed", why.text);
		return 0;
	}
}

/* What can be said without a look at the node: of a container that alerts were
 * about before, and of an id that is nobody's. */
static int
decide_by_id(struct reading *reading, const char *container_id, json_t **ret,
	     struct firn_err *err)
{
	struct firn_known *known = &reading->intake->known;
	const struct firn_target *target =
		firn_known_target(known, container_id);

	if (target != NULL)
		return decide(reading, target, NULL, ret, err);
	if (firn_known_id(known, container_id,
			  came_ns(reading->intake, reading->letter)) ==
	    FIRN_KNOWN_TO_BE_NOBODY)
		*ret = refused(reading, "unknown",
			       "no container that runs on this node has such "
			       "an id");
	return 0;
}

/* --- one alert ------------------------------------------------------------ */

/* Is it in a diary, from before a crash? */
static const char *
case_of(const struct reading *reading)
{
	char name[FIRN_LETTER_NAME + 32];

	snprintf(name, sizeof(name), "%s/%zu", reading->letter->name,
		 reading->index);
	return firn_json_string(reading->intake->seen, name, NULL);
}

static int
read_alert(struct reading *reading, json_t **ret, struct firn_err *err)
{
	const char *container_id =
		firn_json_string(reading->alert, "container_id", NULL);
	const char *already = case_of(reading);
	json_t *nowhere = NULL;

	if (already != NULL) {
		*ret = answer(reading);
		firn_json_text(*ret, "case", already);
		return 0;
	}
	if (firn_alert_leads_nowhere(reading->alert,
				     reading->intake->host_names, &nowhere)) {
		*ret = leads_nowhere(reading, nowhere);
		return 0;
	}
	if (container_id != NULL &&
	    decide_by_id(reading, container_id, ret, err) < 0)
		return -1;
	return *ret != NULL ? 0
			    : find_and_decide(reading, container_id, ret, err);
}

/* --- a letter ------------------------------------------------------------- */

static int
read_alerts(struct firn_intake *intake, const struct firn_letter *letter,
	    const struct firn_source *source, const json_t *alerts,
	    json_t *answers, struct firn_err *err)
{
	struct reading reading = { .intake = intake, .letter = letter };
	int done = 0;

	if (firn_party_source(source->name, &reading.who, err) < 0)
		return -1;
	json_array_foreach(alerts, reading.index, reading.alert) {
		json_t *one = NULL;

		done = read_alert(&reading, &one, err);
		if (one != NULL)
			json_array_append_new(answers, one);
		if (done < 0)
			break;
	}
	firn_party_free(&reading.who);
	return done;
}

/* Is there an id among them that only a look at the node can tell of? */
static bool
takes_a_look(struct firn_intake *intake, const struct firn_letter *letter,
	     const json_t *alerts)
{
	const json_t *alert;
	size_t i;

	if (intake->looked)
		return false; /* what that couldn't tell is searched for */
	json_array_foreach(alerts, i, alert) {
		const char *id = firn_json_string(alert, "container_id", NULL);

		if (id != NULL &&
		    firn_known_id(&intake->known, id,
				  came_ns(intake, letter)) == FIRN_NOT_KNOWN)
			return true;
	}
	return false;
}

int
firn_intake(struct firn_intake *intake, const struct firn_letter *letter,
	    json_t **ret, struct firn_err *err)
{
	const struct firn_source *source =
		firn_sender(intake->runner->policy, intake->trusted_uid,
			    letter);
	autojson json_t *alerts = NULL, *answers = json_array();
	struct firn_err why = { 0 };

	if (source == NULL)
		return firn_sender_refused(letter, ret, err);
	if (firn_alerts_parse(letter->payload, letter->len,
			      json_object_get(letter->envelope, "headers"),
			      source->mapping, &alerts, &why) < 0) {
		*ret = json_pack("{s:b, s:s, s:s}", "accepted", false, "reason",
				 "not readable", "text", why.text);
		return 0;
	}
	if (takes_a_look(intake, letter, alerts))
		return FIRN_INTAKE_LATER;
	if (read_alerts(intake, letter, source, alerts, answers, err) < 0)
		return -1;
	*ret = json_pack("{s:b, s:s, s:O}", "accepted", true, "source",
			 source->name, "alerts", answers);
	return 0;
}
