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

struct asked {
	const json_t *alert;
	const char *source;
	const struct firn_traits *traits;
	json_t *why; /* array of sentences; NULL: nobody asks */
};

static void
say(const struct asked *asked, const char *fmt, ...)
{
	va_list args;

	if (asked->why == NULL)
		return;
	va_start(args, fmt);
	json_array_append_new(asked->why, firn_json_message(fmt, args));
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

static bool
tell(const struct asked *asked, const char *what, const char *name,
     const char *text, bool fits)
{
	if (text == NULL)
		say(asked, "%s%s%s isn't known", what,
		    name[0] != '\0' ? " " : "", name);
	else
		say(asked, "%s%s%s is \"%.*s\"%s", what,
		    name[0] != '\0' ? " " : "", name, SHOWN, text,
		    fits ? "" : ", which isn't what it is for");
	return fits;
}

static bool
source_fits(const struct asked *asked, const json_t *globs)
{
	const char *format = firn_json_string(asked->alert, "format", NULL);

	if (is_like(globs, asked->source))
		return tell(asked, "its sender", "", asked->source, true);
	return tell(asked, "its form", "", format, is_like(globs, format));
}

static bool
is_severe(const json_t *glob, int severity)
{
	bool at_least = false;
	int wanted = firn_match_severity(json_string_value(glob), &at_least);

	return at_least ? severity <= wanted : severity == wanted;
}

static bool
priority_fits(const struct asked *asked, const json_t *globs)
{
	const char *text = firn_json_string(asked->alert, "severity", NULL);
	int severity = text != NULL ? firn_alert_severity(text) : -1;
	bool fits = false;
	const json_t *glob;
	size_t i;

	if (severity < 0)
		return tell(asked, "its priority", "", NULL, false);
	if (json_is_string(globs))
		fits = is_severe(globs, severity);
	json_array_foreach(globs, i, glob) {
		fits = fits || is_severe(glob, severity);
	}
	return tell(asked, "its priority", "", text, fits);
}

static bool
tags_fit(const struct asked *asked, const json_t *globs)
{
	const json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(asked->alert, "tags"), i, tag) {
		if (is_like(globs, json_string_value(tag)))
			return tell(asked, "a tag of it", "",
				    json_string_value(tag), true);
	}
	say(asked, "none of its tags is what it is for");
	return false;
}

/* All that are named must be like what is wanted of them. */
static bool
named_fit(const struct asked *asked, const char *what, const json_t *wanted,
	  const json_t *has)
{
	const char *name;
	json_t *globs;

	/* jansson walks an object that it takes as one to change. */
	json_object_foreach((json_t *)(uintptr_t)wanted, name, globs) {
		const char *text = firn_json_string(has, name, NULL);

		if (!tell(asked, what, name, text, is_like(globs, text)))
			return false;
	}
	return true;
}

static const char *
of_alert(const struct asked *asked, const char *key)
{
	return firn_json_string(asked->alert, key, NULL);
}

/* Of a container that was found, what is known of it, and nothing that an
 * alert says: that was chosen by somebody else. */
static bool
target_fits(const struct asked *asked, const struct firn_match_key *key,
	    const json_t *globs)
{
	const struct firn_traits *traits = asked->traits;
	const char *text, *other = NULL;

	if (strcmp(key->name, "target.namespace") == 0) {
		text = traits != NULL ? traits->pod_namespace
				      : of_alert(asked, "namespace");
	} else if (strcmp(key->name, "target.pod") == 0) {
		text = traits != NULL ? traits->pod_name
				      : of_alert(asked, "pod");
	} else if (strcmp(key->name, "target.image") == 0) {
		text = traits != NULL ? traits->image
				      : of_alert(asked, "image");
	} else {
		text = traits != NULL ? traits->name
				      : of_alert(asked, "container_name");
		other = traits != NULL ? traits->pod_container
				       : of_alert(asked, "container");
	}
	if (is_like(globs, other))
		return tell(asked, key->says, "", other, true);
	return tell(asked, key->says, "", text, is_like(globs, text));
}

static bool
key_fits(const struct asked *asked, const struct firn_match_key *key,
	 const json_t *value)
{
	const char *rule;

	switch (key->of) {
	case FIRN_MATCH_SOURCE:
		return source_fits(asked, value);
	case FIRN_MATCH_ALERT:
		rule = of_alert(asked, key->name);
		return tell(asked, key->says, "", rule, is_like(value, rule));
	case FIRN_MATCH_PRIORITY:
		return priority_fits(asked, value);
	case FIRN_MATCH_TAGS:
		return tags_fit(asked, value);
	case FIRN_MATCH_LABELS:
		return named_fit(asked, key->says, value,
				 json_object_get(asked->alert, "labels"));
	case FIRN_MATCH_FIELDS:
		return named_fit(asked, key->says, value,
				 json_object_get(asked->alert, "fields"));
	case FIRN_MATCH_TARGET:
		return target_fits(asked, key, value);
	case FIRN_MATCH_TARGET_LABELS:
		return named_fit(asked, key->says, value,
				 asked->traits != NULL ? asked->traits->labels
						       : NULL);
	}
	return false;
}

/* All keys of an entry must fit. */
static bool
entry_fits(const struct asked *asked, const json_t *entry)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)entry, name, value) {
		if (!key_fits(asked, firn_match_key(name), value))
			return false;
	}
	return true;
}

/* Any entry may fit; what was said of those before that didn't is forgotten. */
static bool
any_fits(const struct asked *asked, const json_t *entries)
{
	size_t said = json_array_size(asked->why);
	const json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry) {
		struct asked one = *asked;
		autojson json_t *why = asked->why != NULL ? json_array() : NULL;

		one.why = why;
		if (entry_fits(&one, entry)) {
			while (json_array_size(asked->why) > said)
				json_array_remove(asked->why, said);
			json_array_extend(asked->why, why);
			return true;
		}
		/* Which of its keys spoke against it: the last. */
		json_array_append(asked->why,
				  json_array_get(why,
						 json_array_size(why) - 1));
	}
	return false;
}

/* Says nothing unless it is. */
static bool
is_excepted(const struct asked *asked, const struct firn_playbook *playbook)
{
	struct asked quiet = *asked;
	autojson json_t *why = asked->why != NULL ? json_array() : NULL;

	quiet.why = why;
	if (!any_fits(&quiet, playbook->except))
		return false;
	say(asked, "it is excepted");
	json_array_extend(asked->why, why);
	return true;
}

bool
firn_playbook_excepts(const struct firn_playbook *playbook, const json_t *alert,
		      const char *source, const struct firn_traits *traits,
		      json_t *why)
{
	const struct asked asked = { alert, source, traits, why };

	return is_excepted(&asked, playbook);
}

bool
firn_playbook_fits(const struct firn_playbook *playbook, const json_t *alert,
		   const char *source, const struct firn_traits *traits,
		   json_t **ret_why)
{
	const struct asked asked = { alert, source, traits,
				     ret_why != NULL ? json_array() : NULL };
	bool fits;

	if (ret_why != NULL)
		*ret_why = asked.why;
	if (json_array_size(playbook->match) == 0) {
		say(&asked, "it is only for who asks for it by its name");
		return false;
	}
	fits = any_fits(&asked, playbook->match);
	return fits && !is_excepted(&asked, playbook);
}
