#include "respond/playbook/fits.h"

#include <stdarg.h>
#include <string.h>

#include "assess/rules/regex.h"
#include "base/auto.h"
#include "base/json.h"
#include "firn/alert.h"
#include "respond/playbook/match.h"

/*
 * fits -- is a playbook for this alert, and why, or why not?
 */

/* Of what somebody else chose, in a sentence: bytes. */
#define SHOWN 120

void
firn_fits_say(const struct firn_fitting *fitting, const char *fmt, ...)
{
	va_list args;

	if (fitting->why == NULL)
		return;
	va_start(args, fmt);
	json_array_append_new(fitting->why, firn_json_message(fmt, args));
	va_end(args);
}

/* Any of them, or the only one. */
static bool
is_like(const json_t *globs, const char *text)
{
	size_t len = text != NULL ? strnlen(text, FIRN_ALERT_TEXT) : 0;
	const json_t *glob;
	size_t i;

	if (text == NULL)
		return false;
	if (json_is_string(globs))
		return firn_glob(json_string_value(globs), text, len, false,
				 false);
	json_array_foreach(globs, i, glob) {
		if (firn_glob(json_string_value(glob), text, len, false, false))
			return true;
	}
	return false;
}

bool
firn_fits_tell(const struct firn_fitting *fitting, const char *what,
	       const char *name, const char *text, bool fits)
{
	const char *blank = name[0] != '\0' ? " " : "";

	if (text == NULL)
		firn_fits_say(fitting, "%s%s%s isn't known", what, blank, name);
	else
		firn_fits_say(fitting, "%s%s%s is \"%.*s\"", what, blank, name,
			      SHOWN, text);
	return fits;
}

static bool
source_fits(const struct firn_fitting *fitting, const json_t *globs)
{
	const char *format = firn_json_string(fitting->alert, "format", NULL);

	if (is_like(globs, fitting->source))
		return firn_fits_tell(fitting, "its sender", "",
				      fitting->source, true);
	return firn_fits_tell(fitting, "its form", "", format,
			      is_like(globs, format));
}

static bool
is_severe(const json_t *glob, int severity)
{
	bool at_least = false;
	int wanted = firn_match_severity(json_string_value(glob), &at_least);

	return at_least ? severity <= wanted : severity == wanted;
}

static bool
priority_fits(const struct firn_fitting *fitting, const json_t *globs)
{
	const char *text = firn_json_string(fitting->alert, "severity", NULL);
	int severity = text != NULL ? firn_alert_severity(text) : -1;
	bool fits = false;
	const json_t *glob;
	size_t i;

	if (severity < 0)
		return firn_fits_tell(fitting, "its priority", "", NULL, false);
	if (json_is_string(globs))
		fits = is_severe(globs, severity);
	json_array_foreach(globs, i, glob) {
		fits = fits || is_severe(glob, severity);
	}
	return firn_fits_tell(fitting, "its priority", "", text, fits);
}

static bool
tags_fit(const struct firn_fitting *fitting, const json_t *globs)
{
	const json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(fitting->alert, "tags"), i, tag) {
		if (is_like(globs, json_string_value(tag)))
			return firn_fits_tell(fitting, "one of its tags", "",
					      json_string_value(tag), true);
	}
	firn_fits_say(fitting, "it has none of the tags");
	return false;
}

/* All that are named must be like what is wanted of them. */
static bool
named_fit(const struct firn_fitting *fitting, const char *what,
	  const json_t *wanted, const json_t *has)
{
	const char *name;
	json_t *globs;

	/* jansson walks an object that it takes as one to change. */
	json_object_foreach((json_t *)(uintptr_t)wanted, name, globs) {
		const char *text = firn_json_string(has, name, NULL);

		if (!firn_fits_tell(fitting, what, name, text,
				    is_like(globs, text)))
			return false;
	}
	return true;
}

static const char *
of_alert(const struct firn_fitting *fitting, const char *key)
{
	return firn_json_string(fitting->alert, key, NULL);
}

/* --- all of it ------------------------------------------------------------
 */

static bool
key_fits(const struct firn_fitting *fitting, const struct firn_match_key *key,
	 const json_t *value)
{
	const char *rule;

	switch (key->of) {
	case FIRN_MATCH_SOURCE:
		return source_fits(fitting, value);
	case FIRN_MATCH_ALERT:
		rule = of_alert(fitting, key->name);
		return firn_fits_tell(fitting, key->says, "", rule,
				      is_like(value, rule));
	case FIRN_MATCH_PRIORITY:
		return priority_fits(fitting, value);
	case FIRN_MATCH_TAGS:
		return tags_fit(fitting, value);
	case FIRN_MATCH_LABELS:
		return named_fit(fitting, key->says, value,
				 json_object_get(fitting->alert, "labels"));
	case FIRN_MATCH_FIELDS:
		return named_fit(fitting, key->says, value,
				 json_object_get(fitting->alert, "fields"));
	case FIRN_MATCH_NAMESPACE:
	case FIRN_MATCH_POD:
	case FIRN_MATCH_NAME:
	case FIRN_MATCH_IMAGE:
		return firn_fits_target(fitting, key, value);
	case FIRN_MATCH_TARGET_LABELS:
		return firn_fits_target_labels(fitting, key, value);
	}
	return false;
}

/* All keys of an entry must fit. */
static bool
entry_fits(const struct firn_fitting *fitting, const json_t *entry)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)entry, name, value) {
		if (!key_fits(fitting, firn_match_key(name), value))
			return false;
	}
	return true;
}

/* Which of its keys spoke against an entry: the last, and once. */
static void
add_last(json_t *whys, const json_t *why)
{
	json_t *last = json_array_get(why, json_array_size(why) - 1);

	if (last != NULL && !firn_json_holds(whys, json_string_value(last)))
		json_array_append(whys, last);
}

/* Any entry may fit; what was said of those before that didn't is forgotten. */
static bool
any_fits(const struct firn_fitting *fitting, const json_t *entries)
{
	size_t said = json_array_size(fitting->why);
	const json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry) {
		struct firn_fitting one = *fitting;
		autojson json_t *why =
			fitting->why != NULL ? json_array() : NULL;

		one.why = why;
		if (entry_fits(&one, entry)) {
			while (json_array_size(fitting->why) > said)
				json_array_remove(fitting->why, said);
			json_array_extend(fitting->why, why);
			return true;
		}
		add_last(fitting->why, why);
	}
	return false;
}

/* Says nothing unless it is. */
static bool
is_excepted(const struct firn_fitting *fitting,
	    const struct firn_playbook *playbook)
{
	struct firn_fitting quiet = *fitting;
	autojson json_t *why = fitting->why != NULL ? json_array() : NULL;

	quiet.why = why;
	quiet.excepts = true;
	if (!any_fits(&quiet, playbook->except))
		return false;
	firn_fits_say(fitting, "it is excepted");
	json_array_extend(fitting->why, why);
	return true;
}

static struct firn_fitting
fitting_of(const json_t *alert, const char *source,
	   const struct firn_traits *traits, json_t *why)
{
	return (struct firn_fitting){
		.alert = alert,
		.source = source,
		.traits = traits != NULL ? *traits : firn_fits_claimed(alert),
		.found = traits != NULL,
		.why = why,
	};
}

bool
firn_playbook_excepts(const struct firn_playbook *playbook, const json_t *alert,
		      const char *source, const struct firn_traits *traits,
		      json_t *why)
{
	const struct firn_fitting fitting =
		fitting_of(alert, source, traits, why);

	return is_excepted(&fitting, playbook);
}

bool
firn_playbook_fits(const struct firn_playbook *playbook, const json_t *alert,
		   const char *source, const struct firn_traits *traits,
		   json_t **ret_why)
{
	const struct firn_fitting fitting =
		fitting_of(alert, source, traits,
			   ret_why != NULL ? json_array() : NULL);
	bool fits;

	if (ret_why != NULL)
		*ret_why = fitting.why;
	if (json_array_size(playbook->match) == 0) {
		firn_fits_say(&fitting,
			      "it is only for who asks for it by its name");
		return false;
	}
	fits = any_fits(&fitting, playbook->match);
	return fits && !is_excepted(&fitting, playbook);
}
