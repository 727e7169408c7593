#include "firn/playbook.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/duration.h"
#include "base/json.h"
#include "firn/policy.h"
#include "respond/playbook/match.h"
#include "respond/playbook/saying.h"
#include "respond/playbook/written.h"

/*
 * explain -- a playbook, read aloud.
 */

/* A string of what was built; the buffer is done with. */
static json_t *
sentence(struct firn_buf *text)
{
	json_t *string = text->data != NULL && !text->failed
				 ? json_stringn(text->data, text->len)
				 : json_string("out of memory");

	firn_buf_free(text);
	return string;
}

/* --- when -----------------------------------------------------------------
 */

/* "A", "B" or "C" */
static void
say_any(struct firn_buf *text, const json_t *value)
{
	size_t n = json_array_size(value);
	const json_t *one;
	size_t i;

	if (json_is_string(value))
		firn_buf_addf(text, "\"%s\"", json_string_value(value));
	json_array_foreach(value, i, one) {
		firn_buf_addf(text, "%s\"%s\"",
			      i == 0       ? ""
			      : i + 1 == n ? " or "
					   : ", ",
			      json_string_value(one));
	}
}

static void
say_severity(struct firn_buf *text, const char *word)
{
	bool at_least = strncmp(word, ">=", 2) == 0;

	firn_buf_addf(text, "%s%s",
		      at_least ? word + 2 + strspn(word + 2, " ") : word,
		      at_least ? " or worse" : "");
}

static void
say_severities(struct firn_buf *text, const json_t *value)
{
	const json_t *one;
	size_t i;

	if (json_is_string(value))
		say_severity(text, json_string_value(value));
	json_array_foreach(value, i, one) {
		firn_buf_addf(text, "%s", i > 0 ? ", or " : "");
		say_severity(text, json_string_value(one));
	}
}

static void
say_named(struct firn_buf *text, const struct firn_match_key *key,
	  const json_t *wanted)
{
	const char *name, *and = "";
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)wanted, name, value) {
		firn_buf_addf(text, "%s%s %s is ", and, key->says, name);
		say_any(text, value);
		and = ", and ";
	}
}

static json_t *
say_entry(const json_t *entry)
{
	autobuf struct firn_buf text = { 0 };
	const char *name, *and = "";
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)entry, name, value) {
		const struct firn_match_key *key = firn_match_key(name);

		firn_buf_addf(&text, "%s", and);
		and = ", and ";
		if (json_is_object(value)) {
			say_named(&text, key, value);
			continue;
		}
		firn_buf_addf(&text, "%s is ", key->says);
		if (key->of == FIRN_MATCH_PRIORITY)
			say_severities(&text, value);
		else
			say_any(&text, value);
	}
	return sentence(&text);
}

static json_t *
say_entries(const json_t *entries)
{
	json_t *sentences = json_array();
	const json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry) {
		json_array_append_new(sentences, say_entry(entry));
	}
	return sentences;
}

/* --- limits, and whom it tells --------------------------------------------
 */

static json_t *
say_limits(const struct firn_playbook_limits *limits)
{
	json_t *sentences = json_array();
	char time[FIRN_DURATION_TEXT];

	if (limits->cooldown_s > 0) {
		firn_duration_text(limits->cooldown_s, time);
		json_array_append_new(
			sentences,
			json_sprintf("at most once in %s for one container; "
				     "what comes meanwhile is only recorded",
				     time));
	}
	if (limits->max_running > 0)
		json_array_append_new(
			sentences,
			json_sprintf("at most %u at once on this node; others "
				     "are cut and frozen at once, and wait to "
				     "be captured",
				     limits->max_running));
	if (limits->max_freeze_s > 0) {
		firn_duration_text(limits->max_freeze_s, time);
		json_array_append_new(
			sentences,
			json_sprintf("what it froze is thawed by itself after "
				     "%s, whatever becomes of firn",
				     time));
	}
	if (limits->approve > 0)
		json_array_append_new(
			sentences,
			json_string(limits->approve == 2
					    ? "a person has to say yes before "
					      "anything is done"
					    : "a person has to say yes before "
					      "the network is cut"));
	return sentences;
}

static json_t *
say_tells(const json_t *notify)
{
	json_t *sentences = json_array();
	const json_t *hook;
	size_t i;

	json_array_foreach(notify, i, hook) {
		const json_t *on = json_object_get(hook, "on"), *moment;
		autobuf struct firn_buf text = { 0 };
		size_t k;

		firn_buf_addf(&text, "%s, when it is ",
			      firn_json_string(hook, "webhook", NULL));
		json_array_foreach(on, k, moment) {
			firn_buf_addf(&text, "%s%s",
				      k == 0                         ? ""
				      : k + 1 == json_array_size(on) ? " or "
								     : ", ",
				      json_string_value(moment));
		}
		if (json_object_get(hook, "secret_file") == NULL)
			firn_buf_addf(&text, "; not signed");
		json_array_append_new(sentences, sentence(&text));
	}
	return sentences;
}

static json_t *
say_roles(unsigned roles)
{
	json_t *names = json_array();

	for (unsigned i = 0; i < FIRN_N_ROLES; i++)
		if ((roles & (1u << i)) != 0)
			json_array_append_new(
				names, json_string(firn_role_name(
					       (enum firn_role)(1u << i))));
	return names;
}

/* --- steps ----------------------------------------------------------------
 */

static json_t *
say_step(const struct firn_playbook *playbook, size_t n)
{
	const struct firn_step *step = &playbook->steps[n];
	autobuf struct firn_buf text = { 0 };
	json_t *json = json_object();

	firn_say_step(playbook, n, &text);
	if (step->stop_on_error && step->kind != FIRN_STEP_WAIT)
		firn_buf_addf(&text, "  If that fails, nothing more is done.");
	json_object_set_new(json, "step",
			    json_string(firn_step_name(step->kind)));
	json_object_set_new(json, "text", sentence(&text));
	if (step->line > 0)
		json_object_set_new(json, "line", json_integer(step->line));
	return json;
}

json_t *
firn_playbook_explain(const struct firn_playbook *playbook)
{
	json_t *explained = json_object(), *steps = json_array();
	autobuf struct firn_buf then = { 0 };

	for (size_t i = 0; i + 1 < playbook->n_steps; i++)
		json_array_append_new(steps, say_step(playbook, i));
	firn_say_step(playbook, playbook->n_steps - 1, &then);
	json_object_set_new(explained, "name", json_string(playbook->name));
	firn_json_text(explained, "description", playbook->description);
	firn_json_text(explained, "owner", playbook->owner);
	firn_json_text(explained, "file", playbook->file);
	json_object_set_new(explained, "version",
			    json_integer(playbook->version));
	json_object_set_new(explained, "sha256", json_string(playbook->sha256));
	json_object_set_new(explained, "when", say_entries(playbook->match));
	json_object_set_new(explained, "except", say_entries(playbook->except));
	json_object_set_new(explained, "limits", say_limits(&playbook->limits));
	json_object_set_new(explained, "steps", steps);
	json_object_set_new(explained, "then", sentence(&then));
	json_object_set_new(explained, "tells", say_tells(playbook->notify));
	json_object_set_new(explained, "needs",
			    say_roles(firn_playbook_roles(playbook)));
	json_object_set(explained, "warnings", playbook->warnings);
	return explained;
}
