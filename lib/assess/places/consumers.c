#include "assess/places/consumers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assess/places/neighbours.h"
#include "base/auto.h"
#include "base/json.h"

struct joining {
	struct firn_checklist *theirs; /* emptied for each */
	json_t *checklist;
};

static json_t *
item_of(const json_t *checklist, const json_t *theirs)
{
	const char *print = firn_json_string(theirs, "fingerprint", NULL);
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		const char *ours = firn_json_string(item, "fingerprint", NULL);

		if (ours != NULL && print != NULL && strcmp(ours, print) == 0)
			return item;
	}
	return NULL;
}

static json_t *
consumer_json(const struct firn_target *neighbour, const json_t *theirs)
{
	static const char *const keys[] = { "where", "path", "name" };
	const json_t *place =
		json_array_get(json_object_get(theirs, "places"), 0);
	json_t *json = json_object();
	char where[1024] = "";
	size_t len = 0;

	firn_json_text(json, "container", neighbour->id);
	firn_json_text(json, "name", neighbour->name);
	firn_json_text(json, "runtime", firn_runtime_name(neighbour->runtime));
	for (size_t i = 0; i < 3; i++) {
		const char *text = firn_json_string(place, keys[i], NULL);

		if (text != NULL && len < sizeof(where))
			len += (size_t)snprintf(where + len,
						sizeof(where) - len, "%s%s",
						len > 0 ? " " : "", text);
	}
	firn_json_text(json, "where", where);
	return json;
}

static int
join(json_t *checklist, const struct firn_target *neighbour,
     const json_t *theirs, struct firn_err *err)
{
	json_t *item = item_of(checklist, theirs), *consumers;

	if (item == NULL)
		return 0;
	consumers = json_object_get(item, "consumers");
	if (consumers == NULL) {
		consumers = json_array();
		if (json_object_set_new(item, "consumers", consumers) < 0)
			return firn_err_nomem(err);
	}
	if (json_array_append_new(consumers, consumer_json(neighbour, theirs)) <
	    0)
		return firn_err_nomem(err);
	return 0;
}

/* Their gaps are ours: somebody may have it and not be named. */
static void
take_gaps(json_t *checklist, const struct firn_target *neighbour,
	  const json_t *theirs)
{
	const json_t *gap;
	size_t i;

	json_array_foreach(theirs, i, gap) {
		const char *what = firn_json_string(gap, "what", NULL);
		autofree char *text = NULL;
		json_t *ours = json_deep_copy(gap);

		if (asprintf(&text, "container %s: %s",
			     neighbour->name != NULL ? neighbour->name
						     : neighbour->id,
			     what != NULL ? what : "?") < 0)
			text = NULL;
		firn_json_text(ours, "what", text);
		json_array_append_new(json_object_get(checklist, "gaps"), ours);
	}
}

static int
join_neighbour(const struct firn_target *neighbour,
	       const struct firn_census *census, void *arg,
	       struct firn_err *err)
{
	struct joining *joining = arg;
	struct firn_checklist *list = joining->theirs;
	const json_t *theirs;
	int done;
	size_t i;

	json_array_clear(list->items);
	json_array_clear(list->gaps);
	json_object_clear(list->by_fingerprint);
	list->full = false;
	done = firn_look_at_neighbour(list, neighbour, census, NULL, err);
	json_array_foreach(list->items, i, theirs) {
		if (done == 0)
			done = join(joining->checklist, neighbour, theirs, err);
	}
	take_gaps(joining->checklist, neighbour, list->gaps);
	return done;
}

int
firn_neighbours_join(const struct firn_target *target,
		     const struct firn_secret_rules *rules,
		     const struct firn_case *of, json_t *checklist,
		     struct firn_err *err)
{
	struct firn_checklist list;
	struct joining joining = { &list, checklist };
	int done;

	if (firn_checklist_open(&list, rules, of, err) < 0)
		return -1;
	done = firn_neighbours_visit(target, json_object_get(checklist, "gaps"),
				     join_neighbour, &joining, err);
	firn_checklist_close(&list);
	return done;
}
