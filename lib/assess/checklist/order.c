#include "assess/checklist/order.h"

#include <stdlib.h>
#include <string.h>

#include "assess/checklist/considerations.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"

struct sentence {
	int points;
	size_t number; /* in the table */
	json_t *text;
};

static int
by_weight(const void *a, const void *b)
{
	const struct sentence *x = a, *y = b;
	int xs = abs(x->points), ys = abs(y->points);

	if (xs != ys)
		return xs > ys ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static int
argue(struct firn_weighed *one, json_t *why)
{
	struct sentence sentences[FIRN_N_CONSIDERATIONS];
	size_t n = 0;
	int done = 0;

	for (size_t i = 0; i < FIRN_N_CONSIDERATIONS; i++) {
		autobuf struct firn_buf text = { 0 };
		int points = firn_considerations[i](one, &text);
		autofree char *safe = NULL;

		one->points += points;
		if (text.len == 0)
			continue;
		/* Names in it are cut to a length, maybe within a character. */
		safe = firn_is_utf8(text.data, text.len)
			       ? strdup(text.data)
			       : firn_escape(text.data, text.len);
		sentences[n++] = (struct sentence){
			.points = points,
			.number = i,
			.text = safe != NULL ? json_string(safe) : NULL,
		};
	}
	qsort(sentences, n, sizeof(*sentences), by_weight);
	for (size_t i = 0; i < n; i++)
		done |= json_array_append_new(why, sentences[i].text);
	return done;
}

static int
weigh(struct firn_weighed *one, json_t *item, time_t now)
{
	json_t *why = json_array();

	firn_weighed(one, item, now);
	if (argue(one, why) < 0) {
		json_decref(why);
		return -1;
	}
	json_object_set_new(item, "state",
			    json_string(one->expires == 0       ? "unknown"
					: firn_has_expired(one) ? "expired"
								: "valid"));
	return json_object_set_new(item, "order",
				   json_pack("{s:i, s:i, s:s, s:o}", "rank", 0,
					     "points", one->points, "first",
					     one->replace_first ? "replace"
								: "revoke",
					     "why", why));
}

static const char *
tie(const struct firn_weighed *one, const char *key)
{
	const char *text = firn_json_string(one->item, key, NULL);

	return text != NULL ? text : "";
}

static int
by_points(const void *a, const void *b)
{
	static const char *const ties[] = { "priority", "title", "kind",
					    "fingerprint" };
	const struct firn_weighed *x = a, *y = b;

	if (x->points != y->points)
		return x->points > y->points ? -1 : 1;
	for (size_t i = 0; i < sizeof(ties) / sizeof(ties[0]); i++) {
		int order = strcmp(tie(x, ties[i]), tie(y, ties[i]));

		if (order != 0)
			return order;
	}
	return 0;
}

int
firn_order(json_t *items, time_t now, struct firn_err *err)
{
	size_t n = json_array_size(items);
	autofree struct firn_weighed *all = calloc(n + 1, sizeof(*all));
	autojson json_t *sorted = json_array();

	if (all == NULL || sorted == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (weigh(&all[i], json_array_get(items, i), now) < 0)
			return firn_err_nomem(err);
	qsort(all, n, sizeof(*all), by_points);
	for (size_t i = 0; i < n; i++) {
		json_t *order = json_object_get(all[i].item, "order");

		if (json_object_set_new(order, "rank",
					json_integer((json_int_t)i + 1)) < 0 ||
		    json_array_append(sorted, all[i].item) < 0)
			return firn_err_nomem(err);
	}
	json_array_clear(items);
	return json_array_extend(items, sorted) < 0 ? firn_err_nomem(err) : 0;
}
