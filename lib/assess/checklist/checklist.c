#include "assess/checklist/checklist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"

/* More items than this are no checklist; what is beyond is a gap. */
#define ITEMS_MAX 2000
#define PLACES_MAX 200

int
firn_checklist_open(struct firn_checklist *ret,
		    const struct firn_secret_rules *rules,
		    const struct firn_case *of, struct firn_err *err)
{
	*ret = (struct firn_checklist){
		.rules = rules,
		.of = *of,
		.items = json_array(),
		.gaps = json_array(),
		.by_fingerprint = json_object(),
	};
	if (ret->items == NULL || ret->gaps == NULL ||
	    ret->by_fingerprint == NULL)
		return firn_err_nomem(err);
	return 0;
}

void
firn_checklist_close(struct firn_checklist *list)
{
	json_decref(list->items);
	json_decref(list->gaps);
	json_decref(list->by_fingerprint);
	explicit_bzero(&list->of, sizeof(list->of));
}

void
firn_checklist_gap(struct firn_checklist *list, const char *what,
		   const struct firn_err *why)
{
	json_t *gap = json_object();

	firn_json_text(gap, "what", what);
	firn_json_text(gap, "why", why->text);
	json_array_append_new(list->gaps, gap);
}

/* --- an item --------------------------------------------------------------
 */

const char *const firn_readers_names[] = {
	NULL, "sent", "intruder", "world", "user", "root", "outside", NULL,
};

static json_t *
place_json(const struct firn_secret_place *place)
{
	json_t *json = json_object();

	firn_json_text(json, "where", place->where);
	if (place->pid > 0)
		json_object_set_new(json, "pid", json_integer(place->pid));
	firn_json_text(json, "name", place->name);
	firn_json_text(json, "path", place->path);
	firn_json_text(json, "readable_by", place->readable_by);
	firn_json_text(json, "readers", firn_readers_names[place->readers]);
	firn_json_text(json, "via", place->via);
	return json;
}

static void
describe(json_t *item, const struct firn_rule *rule)
{
	firn_json_text(item, "kind", rule->name);
	firn_json_text(item, "title", rule->title);
	json_object_set_new(item, "priority",
			    json_string(firn_priority_names[rule->priority]));
	json_object_set_new(item, "confidence",
			    json_string(
				    firn_confidence_names[rule->confidence]));
	firn_json_text(item, "revoke", rule->guide->revoke);
	firn_json_text(item, "rotate", rule->guide->rotate);
	firn_json_text(item, "check", rule->guide->dead);
	firn_json_text(item, "breaks", rule->guide->breaks);
}

static void
add_facts(json_t *item, const struct firn_rule *rule, const char *value,
	  size_t len)
{
	static const char *const claims[] = { "issuer", "subject", "audience" };
	json_t *facts = json_object(), *token = json_object();

	firn_rule_facts(rule, value, len, facts);
	for (size_t i = 0; i < 3; i++)
		firn_json_text(token, claims[i],
			       firn_json_string(facts, claims[i], NULL));
	if (json_object_size(token) > 0)
		json_object_set(item, "token", token);
	firn_json_text(item, "expires",
		       firn_json_string(facts, "expires", NULL));
	json_object_set_new(item, "facts", facts);
	json_decref(token);
}

static bool
is_weaker(const json_t *item, const struct firn_rule *rule)
{
	const char *said = firn_json_string(item, "confidence", NULL);
	int confidence = 0;

	while (said != NULL && firn_confidence_names[confidence] != NULL &&
	       strcmp(firn_confidence_names[confidence], said) != 0)
		confidence++;
	return rule->confidence < confidence;
}

/* The same place, of which `other` may know a name too. */
static bool
is_known(const json_t *other, const json_t *one)
{
	static const char *const keys[] = { "where", "pid", "path", "via" };

	for (size_t i = 0; i < 4; i++) {
		const json_t *a = json_object_get(other, keys[i]);
		const json_t *b = json_object_get(one, keys[i]);

		if ((a != NULL || b != NULL) && !json_equal(a, b))
			return false;
	}
	return json_object_get(one, "name") == NULL ||
	       json_equal(json_object_get(other, "name"),
			  json_object_get(one, "name"));
}

static int
add_place(json_t *item, const struct firn_secret_place *place)
{
	json_t *places = json_object_get(item, "places"), *other;
	autojson json_t *one = place_json(place);
	json_int_t more;
	size_t i;

	json_array_foreach(places, i, other) {
		if (is_known(other, one))
			return 0;
	}
	if (json_array_size(places) < PLACES_MAX)
		return json_array_append(places, one);
	more = json_integer_value(json_object_get(item, "more_places"));
	return json_object_set_new(item, "more_places", json_integer(more + 1));
}

/* What a place says; what the value said itself stays. */
static int
add_said(json_t *item, const struct firn_secret_place *place)
{
	json_t *facts = json_object_get(item, "facts");

	if (place->facts == NULL)
		return 0;
	if (facts == NULL) {
		facts = json_object();
		if (json_object_set_new(item, "facts", facts) < 0)
			return -1;
	}
	return json_object_update_missing(facts, place->facts);
}

static json_t *
new_item(struct firn_checklist *list, const struct firn_rule *rule,
	 const char *fingerprint, const char *value, size_t len)
{
	json_t *item = json_object();
	char id[24];

	snprintf(id, sizeof(id), "S-%.8s", fingerprint);
	json_object_set_new(item, "id", json_string(id));
	json_object_set_new(item, "fingerprint", json_string(fingerprint));
	describe(item, rule);
	json_object_set_new(item, "places", json_array());
	add_facts(item, rule, value, len);
	json_array_append_new(list->items, item);
	json_object_set(list->by_fingerprint, fingerprint, item);
	return item;
}

static void
say_full(struct firn_checklist *list)
{
	struct firn_err why = { 0 };

	firn_err_set(&why, E2BIG, "more than %d secrets", ITEMS_MAX);
	if (!list->full)
		firn_checklist_gap(list, "the rest", &why);
	list->full = true;
}

int
firn_checklist_add(struct firn_checklist *list, const struct firn_rule *rule,
		   const struct firn_secret_place *place, const char *value,
		   size_t len, struct firn_err *err)
{
	unsigned char digest[FIRN_SHA256];
	char fingerprint[FIRN_SHA256_TEXT];
	json_t *item;

	if (firn_hmac_sha256(list->of.key, sizeof(list->of.key), value, len,
			     digest, err) < 0)
		return -1;
	firn_hex(digest, sizeof(digest), fingerprint);
	fingerprint[32] = '\0';
	item = json_object_get(list->by_fingerprint, fingerprint);
	if (item == NULL && json_array_size(list->items) >= ITEMS_MAX) {
		say_full(list);
		return 0;
	}
	if (item == NULL)
		item = new_item(list, rule, fingerprint, value, len);
	else if (is_weaker(item, rule))
		describe(item, rule);
	if (add_said(item, place) < 0 || add_place(item, place) < 0)
		return firn_err_nomem(err);
	return 0;
}

int
firn_checklist_reached(struct firn_checklist *list,
		       const struct firn_rule *rule, const char *identity,
		       const struct firn_secret_place *place,
		       struct firn_err *err)
{
	autofree char *named = NULL;

	/* The same text may be a password elsewhere: never the same item */
	if (asprintf(&named, "%s: %s", rule->name, identity) < 0)
		return firn_err_nomem(err);
	return firn_checklist_add(list, rule, place, named, strlen(named), err);
}

/* --- where they may be ----------------------------------------------------
 */

int
firn_checklist_text(struct firn_checklist *list,
		    const struct firn_secret_place *place, const char *text,
		    size_t len, struct firn_err *err)
{
	int n = 0;

	for (size_t i = 0; i < list->rules->n; i++) {
		const struct firn_rule *rule = &list->rules->items[i];
		struct firn_err why = { 0 };
		struct firn_span span;
		size_t from = 0;
		int found;

		if (!firn_rule_has_keyword(rule, text, len))
			continue;
		while ((found = firn_rule_in_text(rule, text, len, &from, &span,
						  &why)) > 0) {
			if (firn_checklist_add(list, rule, place,
					       text + span.start,
					       span.end - span.start, err) < 0)
				return -1;
			n++;
		}
		if (found < 0)
			firn_checklist_gap(list, rule->name, &why);
	}
	return n;
}

/* By the first rule that knows the name. */
static int
look_by_name(struct firn_checklist *list, const struct firn_secret_place *shown,
	     const char *name, const char *value, size_t len,
	     struct firn_err *err)
{
	for (size_t i = 0; i < list->rules->n; i++) {
		const struct firn_rule *rule = &list->rules->items[i];
		struct firn_err why = { 0 };
		struct firn_span span;
		int found;

		if (rule->names.n == 0)
			continue;
		found = firn_rule_in_value(rule, name, value, len, &span, &why);
		if (found < 0)
			firn_checklist_gap(list, rule->name, &why);
		if (found > 0)
			return firn_checklist_add(list, rule, shown,
						  value + span.start,
						  span.end - span.start, err);
	}
	return 0;
}

int
firn_checklist_value(struct firn_checklist *list,
		     const struct firn_secret_place *place, const char *value,
		     size_t len, struct firn_err *err)
{
	const char *name = place->name;
	struct firn_secret_place shown = *place;
	int n;

	shown.name = NULL;
	n = firn_checklist_text(list, &shown, name, strlen(name), err);
	if (n < 0)
		return -1;
	if (n == 0)
		shown.name = name;
	n = firn_checklist_text(list, &shown, value, len, err);
	if (n != 0)
		return n < 0 ? -1 : 0;
	return look_by_name(list, &shown, name, value, len, err);
}

int
firn_checklist_environ(struct firn_checklist *list,
		       const struct firn_secret_place *place, const char *text,
		       size_t len, struct firn_err *err)
{
	for (size_t at = 0; at < len;) {
		size_t one = strnlen(text + at, len - at);
		const char *equals = memchr(text + at, '=', one);
		struct firn_secret_place here = *place;
		autofree char *name = NULL;

		if (equals != NULL && equals > text + at) {
			size_t name_len = (size_t)(equals - text) - at;

			name = strndup(text + at, name_len);
			if (name == NULL)
				return firn_err_nomem(err);
			here.name = name;
			if (firn_checklist_value(list, &here, equals + 1,
						 one - name_len - 1, err) < 0)
				return -1;
		} else if (firn_checklist_text(list, place, text + at, one,
					       err) < 0) {
			return -1;
		}
		at += one + 1;
	}
	return 0;
}

/* --- the result -----------------------------------------------------------
 */

static int
by_urgency(const void *a, const void *b)
{
	static const char *const keys[] = { "priority", "title",
					    "fingerprint" };
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;

	for (size_t i = 0; i < 3; i++) {
		const char *xs = firn_json_string(x, keys[i], NULL);
		const char *ys = firn_json_string(y, keys[i], NULL);
		int order = strcmp(xs != NULL ? xs : "", ys != NULL ? ys : "");

		if (order != 0)
			return order;
	}
	return 0;
}

json_t *
firn_checklist_json(struct firn_checklist *list)
{
	size_t n = json_array_size(list->items);
	autofree json_t **items = calloc(n + 1, sizeof(json_t *));
	json_t *sorted = json_array(), *result = json_object();

	if (items == NULL || sorted == NULL || result == NULL) {
		json_decref(sorted);
		json_decref(result);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		items[i] = json_array_get(list->items, i);
	qsort(items, n, sizeof(*items), by_urgency);
	for (size_t i = 0; i < n; i++)
		json_array_append(sorted, items[i]);
	firn_json_text(result, "case", list->of.id);
	json_object_set_new(result, "items", sorted);
	json_object_set(result, "gaps", list->gaps);
	return result;
}
