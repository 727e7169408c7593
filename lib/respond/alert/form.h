#ifndef ALERT_FORM_H
#define ALERT_FORM_H

/*
 * form -- what each sender calls the facts of firn/alert.h.
 *
 * One file per sender.  Most of it is a table of JSON pointers (RFC 6901), the
 * same as a mapping in the policy; a function says the rest.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"

struct form_fact {
	const char *field;   /* ours, as in firn/alert.h */
	const char *pointer; /* into what the sender said */
};

struct form {
	const char *name; /* "format" */
	bool (*is)(const json_t *said);
	void (*take)(const json_t *said, json_t *alert);
};

extern const struct form form_alertmanager, form_falco, form_own, form_tetragon,
	form_tracee, form_tracee_legacy;

/* form_of(said) -- whose this object is; NULL if nobody's. */
const struct form *form_of(const json_t *said);

/* form_at(said, pointer) -- what a JSON pointer leads to; NULL for nothing.
 * Borrowed. */
json_t *form_at(const json_t *said, const char *pointer);

/* form_is_pointer(text) -- is it one?  "" is: the whole. */
bool form_is_pointer(const char *text);

/*
 * form_set(alert, field, value) -- a fact, if it can be one: a text that isn't
 * empty, an id of 12 to 64 digits, a pid that a process can have.  The first
 * one stays.
 */
void form_set(json_t *alert, const char *field, const json_t *value);
void form_set_text(json_t *alert, const char *field, const char *text);

/* form_facts(alert, said, facts, n) -- those of a table, in its order. */
void form_facts(json_t *alert, const json_t *said,
		const struct form_fact *facts, size_t n);

/* form_strings(alert, name, object) -- an object as strings: what isn't one is
 * written out as JSON, null is left out.  `name` is "labels" or "fields", to
 * which it's added. */
void form_strings(json_t *alert, const char *name, const json_t *object);
void form_string(json_t *alert, const char *name, const char *key,
		 const json_t *value);

/* form_named(alert, array, value_key) -- an array of objects that have "name"
 * and a value, into "fields"; `value_key` NULL: whatever else they have. */
void form_named(json_t *alert, const json_t *array, const char *value_key);

/* form_tags(alert, array) -- strings, or one string with commas. */
void form_tags(json_t *alert, const json_t *array);

/* form_word(level, names, n) -- for senders that count: a new string of a
 * table, or the word that is there already.  NULL for none. */
json_t *form_word(const json_t *level, const char *const *names, size_t n);

/* form_mapped(alert, said, mapping) -- by a mapping of the policy.  Was there
 * anything of what it names? */
bool form_mapped(json_t *alert, const json_t *said, const json_t *mapping);

/*
 * clean_payload(payload, len, ret, err) -- a copy that a parser takes.
 *
 * What a suspect writes in a command line must not cost the alert about it:
 * bytes that aren't UTF-8 become "?", and an escaped NUL or half of a surrogate
 * pair U+FFFD.  EBADMSG if it is too deep, E2BIG if it has too many values.
 */
FIRN_MUST_CHECK int clean_payload(const char *payload, size_t len, char **ret,
				  struct firn_err *err);

/* clean_load(text, len, why) -- the JSON value that a cleaned text starts with;
 * `why->position` is how long it is.  Where a number is beyond 2^63 (a kernel's
 * address), all are read as floating point. */
json_t *clean_load(const char *text, size_t len, json_error_t *why);

/* cloud_event_is(said), cloud_event_of_headers(headers, body) -- CloudEvents
 * 1.0; the latter is a new event of the binary mode, or NULL if the headers
 * tell of none. */
bool cloud_event_is(const json_t *said);
json_t *cloud_event_of_headers(const json_t *headers, json_t *body);

/* cloud_event_data(event) -- what is in it, a new reference; NULL if that is
 * no JSON. */
json_t *cloud_event_data(const json_t *event);

#endif
