#include "assess/exposure/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "assess/exposure/checks.h"
#include "assess/exposure/threshold.h"
#include "base/auto.h"
#include "base/json.h"

static json_int_t
weight_of(const json_t *reason)
{
	return json_integer_value(json_object_get(reason, "weight"));
}

static bool
did_it(const json_t *reason)
{
	const char *question = firn_json_string(reason, "question", NULL);

	return question != NULL && strcmp(question, "did it") == 0;
}

/* Strongest first; of the same weight, what it did before what it could. */
static int
by_weight(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	const char *xs = firn_json_string(x, "fact", NULL);
	const char *ys = firn_json_string(y, "fact", NULL);
	json_int_t order = weight_of(y) - weight_of(x);

	if (order != 0)
		return order > 0 ? 1 : -1;
	if (did_it(x) != did_it(y))
		return did_it(x) ? -1 : 1;
	return strcmp(xs != NULL ? xs : "", ys != NULL ? ys : "");
}

static json_t *
sorted(json_t *reasons)
{
	size_t n = json_array_size(reasons);
	autofree json_t **items = calloc(n + 1, sizeof(*items));
	json_t *result = json_array();

	for (size_t i = 0; items != NULL && i < n; i++)
		items[i] = json_array_get(reasons, i);
	if (items != NULL)
		qsort(items, n, sizeof(*items), by_weight);
	for (size_t i = 0; items != NULL && i < n; i++)
		json_array_append(result, items[i]);
	return result;
}

static const char *
verdict_of(const json_t *reasons)
{
	const char *verdict = "no sign";
	const json_t *reason;
	size_t i;

	json_array_foreach(reasons, i, reason) {
		if (did_it(reason) && weight_of(reason) >= FIRN_PRESUMED)
			return "presume exposed";
		if (weight_of(reason) >= FIRN_POSSIBLE)
			verdict = "possible";
	}
	return verdict;
}

json_t *
firn_verdict(const struct firn_view *view)
{
	autojson json_t *reasons = json_array();
	autojson json_t *unknown = json_array();
	json_t *result = json_object(), *order;
	enum firn_threshold threshold = firn_threshold(view->facts);
	const char *verdict;

	for (size_t i = 0; i < firn_n_checks; i++) {
		struct firn_looking looking = {
			.view = view,
			.check = &firn_checks[i],
			.reasons = reasons,
			.unknown = unknown,
		};

		firn_checks[i].look(&looking);
	}
	order = sorted(reasons);
	verdict = verdict_of(order);
	json_object_set_new(result, "verdict", json_string(verdict));
	json_object_set_new(result, "exposed",
			    json_boolean(firn_threshold_reached(threshold,
								verdict)));
	json_object_set_new(result, "exposed_from",
			    json_string(firn_threshold_name(threshold)));
	json_object_set_new(result, "reasons", order);
	json_object_set(result, "unknown", unknown);
	return result;
}
