#include "respond/alert/form.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/alert.h"
#include "host/cgroup.h"

/* A machine cuts ids at 12 digits; 64 is all that there is. */
#define ID_LEAST 12
#define ID_MOST 64

const struct form *
form_of(const json_t *said)
{
	static const struct form *const forms[] = {
		&form_own,    &form_falco,         &form_tetragon,
		&form_tracee, &form_tracee_legacy, &form_alertmanager,
	};

	if (!json_is_object(said))
		return NULL;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i]->is(said))
			return forms[i];
	return NULL;
}

/* Cut at a whole character. */
static json_t *
cut(const char *text, size_t len)
{
	size_t n = 0, step;

	if (len <= FIRN_ALERT_TEXT)
		return json_stringn_nocheck(text, len);
	while ((step = firn_utf8_length(text + n, len - n)) > 0 &&
	       n + step <= FIRN_ALERT_TEXT)
		n += step;
	return json_stringn_nocheck(text, n);
}

/* A value as a string, or NULL. */
static json_t *
in_words(const json_t *value)
{
	autofree char *text = NULL;
	char number[32];

	if (value == NULL || json_is_null(value))
		return NULL;
	if (json_is_string(value))
		return cut(json_string_value(value), json_string_length(value));
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld",
			 (long long)json_integer_value(value));
		return json_string(number);
	}
	/* Whole numbers are read so where one is beyond 2^63. */
	if (json_is_real(value) && fabs(json_real_value(value)) < 1e15 &&
	    json_real_value(value) == trunc(json_real_value(value))) {
		snprintf(number, sizeof(number), "%.0f",
			 json_real_value(value));
		return json_string(number);
	}
	text = firn_json_line(value);
	return text != NULL ? cut(text, strlen(text)) : NULL;
}

/* Falco writes <NA> for what it doesn't know. */
static bool
is_said(const char *text)
{
	return text != NULL && text[0] != '\0' && strcmp(text, "<NA>") != 0;
}

/* "containerd://0123...", digits of either case, or the control group's path
 * that cadvisor has for an id. */
static bool
parse_id(const char *text, char ret[ID_MOST + 1])
{
	const char *scheme = strstr(text, "://");
	struct firn_cgroup_name name;
	size_t n = 0;

	if (text[0] == '/') {
		if (firn_cgroup_name(text, &name) == 0)
			return false;
		text = name.id;
	} else if (scheme != NULL) {
		text = scheme + strlen("://");
	}
	for (; text[n] != '\0'; n++) {
		if (n == ID_MOST || !isxdigit((unsigned char)text[n]))
			return false;
		ret[n] = (char)tolower((unsigned char)text[n]);
	}
	ret[n] = '\0';
	return n >= ID_LEAST;
}

static void
set_id(json_t *alert, const json_t *value)
{
	const char *text = json_string_value(value);
	char id[ID_MOST + 1];

	if (!is_said(text))
		return;
	if (strcmp(text, "host") == 0) {
		json_object_set_new(alert, "on_host", json_true());
		return;
	}
	if (parse_id(text, id))
		json_object_set_new(alert, "container_id", json_string(id));
	else if (text[0] != '/')
		/* What it said instead is for a person to see. */
		form_string(alert, "fields", "container_id", value);
}

static void
set_pid(json_t *alert, const json_t *value)
{
	const char *text = json_string_value(value);
	uint64_t pid = 0;

	if (json_is_integer(value) && json_integer_value(value) > 0)
		pid = (uint64_t)json_integer_value(value);
	else if (json_is_real(value) && json_real_value(value) >= 1 &&
		 json_real_value(value) <= INT32_MAX)
		pid = (uint64_t)json_real_value(value);
	else if (text == NULL || !firn_is_decimal(text, &pid))
		return;
	if (pid > 0 && pid <= INT32_MAX)
		json_object_set_new(alert, "pid",
				    json_integer((json_int_t)pid));
}

static void
set_severity(json_t *alert, const json_t *value)
{
	static const char *const names[] = {
		"emergency", "alert",  "critical",      "error",
		"warning",   "notice", "informational", "debug",
	};
	const char *text = json_string_value(value);
	int level;

	if (!is_said(text))
		return;
	level = firn_alert_severity(text);
	if (level >= 0)
		json_object_set_new(alert, "severity",
				    json_string(names[level]));
	else
		form_string(alert, "fields", "severity", value);
}

/* Of Alertmanager, and what others call it. */
static void
set_state(json_t *alert, const char *text)
{
	static const char *const over[] = { "resolved", "ok",     "normal",
					    "inactive", "closed", "archived" };
	bool resolved = false;

	if (!is_said(text))
		return;
	for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++)
		resolved |= strcasecmp(text, over[i]) == 0;
	json_object_set_new(alert, "state",
			    json_string(resolved ? "resolved" : "firing"));
}

void
form_set(json_t *alert, const char *field, const json_t *value)
{
	autojson json_t *text = NULL;

	if (value == NULL || json_object_get(alert, field) != NULL)
		return;
	if (strcmp(field, "pid") == 0) {
		set_pid(alert, value);
		return;
	}
	/* An object is no name. */
	if (json_is_object(value) || json_is_array(value))
		return;
	text = in_words(value);
	if (strcmp(field, "container_id") == 0)
		set_id(alert, text);
	else if (strcmp(field, "severity") == 0)
		set_severity(alert, text);
	else if (strcmp(field, "state") == 0)
		set_state(alert, json_string_value(text));
	else if (is_said(json_string_value(text)))
		json_object_set(alert, field, text);
}

void
form_set_text(json_t *alert, const char *field, const char *text)
{
	autojson json_t *value = text != NULL ? json_string(text) : NULL;

	form_set(alert, field, value);
}

void
form_facts(json_t *alert, const json_t *said, const struct form_fact *facts,
	   size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (json_object_get(alert, facts[i].field) == NULL)
			form_set(alert, facts[i].field,
				 form_at(said, facts[i].pointer));
}

void
form_string(json_t *alert, const char *name, const char *key,
	    const json_t *value)
{
	json_t *object = json_object_get(alert, name);
	json_t *text = in_words(value);

	if (text == NULL)
		return;
	if (object == NULL) {
		object = json_object();
		json_object_set_new(alert, name, object);
	}
	json_object_set_new(object, key, text);
}

void
form_strings(json_t *alert, const char *name, const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		form_string(alert, name, key, value);
}

void
form_named(json_t *alert, const json_t *array, const char *value_key)
{
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one) {
		const char *name = firn_json_string(one, "name", NULL), *key;
		json_t *value;

		if (name == NULL)
			continue;
		json_object_foreach((json_t *)(uintptr_t)one, key, value) {
			if (value_key != NULL ? strcmp(key, value_key) == 0
					      : strcmp(key, "name") != 0)
				form_string(alert, "fields", name, value);
		}
	}
}

static void
add_tag(json_t *alert, const char *text, size_t len)
{
	json_t *tags = json_object_get(alert, "tags");

	if (len == 0)
		return;
	if (tags == NULL) {
		tags = json_array();
		json_object_set_new(alert, "tags", tags);
	}
	json_array_append_new(tags, cut(text, len));
}

void
form_tags(json_t *alert, const json_t *array)
{
	const char *text = json_string_value(array);
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one) {
		if (json_is_string(one))
			add_tag(alert, json_string_value(one),
				json_string_length(one));
	}
	while (text != NULL && *text != '\0') {
		size_t len;

		text += strspn(text, ", ");
		len = strcspn(text, ",");
		add_tag(alert, text, len);
		text += len;
	}
}

json_t *
form_word(const json_t *level, const char *const *names, size_t n)
{
	double i = json_number_value(level);

	if (!json_is_number(level))
		return json_incref((json_t *)(uintptr_t)level);
	return i >= 0 && i < (double)n ? json_string(names[(size_t)i]) : NULL;
}
