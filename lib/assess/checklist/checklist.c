#include "assess/checklist/checklist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assess/checklist/finish.h"
#include "assess/checklist/order.h"
#include "base/auto.h"
#include "base/clock.h"
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
	firn_matcher_close(&list->matcher);
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

/* What the value says of itself. */
static int
add_own_facts(json_t *item, const struct firn_rule *rule, const char *value,
	      size_t len)
{
	autojson json_t *facts = json_object();

	firn_rule_facts(rule, value, len, facts);
	return json_object_update(json_object_get(item, "facts"), facts);
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
add_place_facts(json_t *item, const struct firn_secret_place *place)
{
	return place->facts == NULL
		       ? 0
		       : json_object_update_missing(json_object_get(item,
								    "facts"),
						    place->facts);
}

static json_t *
new_item(struct firn_checklist *list, const char *fingerprint)
{
	json_t *item = json_object();
	char id[24];

	snprintf(id, sizeof(id), "S-%.8s", fingerprint);
	json_object_set_new(item, "id", json_string(id));
	json_object_set_new(item, "fingerprint", json_string(fingerprint));
	json_object_set_new(item, "facts", json_object());
	json_object_set_new(item, "places", json_array());
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

/* Once: the same value is found in many places. */
static int
hold(struct firn_wanted *wanted, const char *fingerprint, const char *value,
     size_t len, struct firn_err *err)
{
	if (wanted->value.len > 0 ||
	    strncmp(fingerprint, wanted->digits, strlen(wanted->digits)) != 0)
		return 0;
	snprintf(wanted->fingerprint, sizeof(wanted->fingerprint), "%.32s",
		 fingerprint);
	return firn_secret_add(&wanted->value, value, len, err);
}

int
firn_checklist_add(struct firn_checklist *list, const struct firn_rule *rule,
		   const struct firn_secret_place *place, const char *value,
		   size_t len, struct firn_err *err)
{
	unsigned char digest[FIRN_SHA256];
	char fingerprint[FIRN_SHA256_TEXT];
	json_t *item;
	bool fresh;

	if (firn_hmac_sha256(list->of.key, sizeof(list->of.key), value, len,
			     digest, err) < 0)
		return -1;
	firn_hex(digest, sizeof(digest), fingerprint);
	fingerprint[32] = '\0';
	if (list->wanted != NULL && !rule->reach &&
	    hold(list->wanted, fingerprint, value, len, err) < 0)
		return -1;
	item = json_object_get(list->by_fingerprint, fingerprint);
	if (item == NULL && json_array_size(list->items) >= ITEMS_MAX) {
		say_full(list);
		return 0;
	}
	fresh = item == NULL;
	if (fresh)
		item = new_item(list, fingerprint);
	if ((fresh || is_weaker(item, rule)) &&
	    (firn_item_describe(item, rule, err) < 0 ||
	     add_own_facts(item, rule, value, len) < 0))
		return firn_err_nomem(err);
	if (add_place_facts(item, place) < 0 || add_place(item, place) < 0)
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

json_t *
firn_checklist_json(struct firn_checklist *list)
{
	autojson json_t *result = json_object();
	struct timespec now = firn_now();
	struct firn_err none = { 0 };
	json_t *item;
	size_t i;

	json_array_foreach(list->items, i, item) {
		const char *kind = firn_json_string(item, "kind", NULL);

		if (firn_item_finish(item, firn_rule_named(list->rules, kind),
				     &none) < 0)
			return NULL;
	}
	if (firn_order(list->items, now.tv_sec, &none) < 0)
		return NULL;
	firn_json_text(result, "case", list->of.id);
	firn_json_time(result, "made", now);
	if (json_object_set(result, "items", list->items) < 0 ||
	    json_object_set(result, "gaps", list->gaps) < 0)
		return NULL;
	return firn_steal(result);
}
