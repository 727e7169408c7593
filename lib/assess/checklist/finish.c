#include "assess/checklist/finish.h"

#include <stdlib.h>
#include <string.h>

#include "assess/checklist/checklist.h"
#include "assess/checklist/fill.h"
#include "base/auto.h"
#include "base/json.h"

int
firn_item_describe(json_t *item, const struct firn_rule *rule,
		   struct firn_err *err)
{
	firn_json_text(item, "kind", rule->name);
	firn_json_text(item, "title", rule->title);
	firn_json_text(item, "provider", rule->provider);
	firn_json_text(item, "priority", firn_priority_names[rule->priority]);
	firn_json_text(item, "confidence",
		       firn_confidence_names[rule->confidence]);
	return json_object_get(item, "confidence") == NULL ? firn_err_nomem(err)
							   : 0;
}

/* What the placeholders of a guide may stand for: the facts, and where the
 * first of its places is. */
static json_t *
known_of(const json_t *item)
{
	static const char *const keys[] = { "path", "name" };
	const json_t *place =
		json_array_get(json_object_get(item, "places"), 0);
	const json_t *facts = json_object_get(item, "facts");
	json_t *known = json_is_object(facts)
				? json_copy((json_t *)(uintptr_t)facts)
				: json_object();

	for (size_t i = 0; i < 2; i++) {
		json_t *text = json_object_get(place, keys[i]);

		if (text != NULL && json_object_get(known, keys[i]) == NULL)
			json_object_set(known, keys[i], text);
	}
	return known;
}

static int
set_step(json_t *guide, const char *key, const char *text, const json_t *known,
	 struct firn_err *err)
{
	autofree char *filled = NULL;

	if (text == NULL)
		return 0;
	filled = firn_fill(text, known);
	if (filled == NULL)
		return firn_err_nomem(err);
	firn_json_text(guide, key, filled);
	return 0;
}

static int
set_guide(json_t *item, const struct firn_guide *from, struct firn_err *err)
{
	autojson json_t *guide = json_object(), *known = known_of(item);
	const struct {
		const char *key, *text;
	} steps[] = {
		{ "revoke", from->revoke }, { "rotate", from->rotate },
		{ "breaks", from->breaks }, { "used", from->used },
		{ "dead", from->dead },     { "residual", from->residual },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (set_step(guide, steps[i].key, steps[i].text, known, err) <
		    0)
			return -1;
	}
	firn_json_text(guide, "first", firn_first_names[from->first]);
	firn_json_text(guide, "ends", firn_ends_names[from->ends]);
	json_object_set_new(guide, "mints", json_boolean(from->mints));
	json_object_set_new(guide, "checked", json_boolean(from->checked));
	return json_object_set(item, "guide", guide) < 0 ? firn_err_nomem(err)
							 : 0;
}

/* The widest; 0 where no place says. */
static int
readers_of(const json_t *item)
{
	const json_t *place;
	int widest = FIRN_READERS_UNSAID;
	size_t i;

	json_array_foreach(json_object_get(item, "places"), i, place) {
		const char *word = firn_json_string(place, "readers", NULL);

		for (int k = FIRN_READERS_SENT;
		     word != NULL && firn_readers_names[k] != NULL; k++)
			if (strcmp(firn_readers_names[k], word) == 0 &&
			    (widest == FIRN_READERS_UNSAID || k < widest))
				widest = k;
	}
	return widest;
}

int
firn_item_finish(json_t *item, const struct firn_rule *rule,
		 struct firn_err *err)
{
	static const char *const decided[] = {
		"guide",  "expires", "readers", "state",  "order",
		"owner",  "due",     "done",    "found",  "token",
		"revoke", "rotate",  "check",   "breaks",
	};

	for (size_t i = 0; i < sizeof(decided) / sizeof(decided[0]); i++)
		json_object_del(item, decided[i]);
	firn_json_text(item, "expires",
		       firn_json_string(item, "facts", "expires", NULL));
	firn_json_text(item, "readers", firn_readers_names[readers_of(item)]);
	if (rule == NULL)
		return 0;
	return firn_item_describe(item, rule, err) < 0
		       ? -1
		       : set_guide(item, rule->guide, err);
}
