#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/freeze.h"
#include "respond/capture_run.h"

/*
 * capture_contain -- cut, freeze, cut the interfaces: DESIGN.md, section 6.
 */

void
firn_run_mark(struct firn_run *run, const char *name)
{
	double ms = (double)(firn_monotonic_ns() - run->start_ns) / 1e6;

	json_object_set_new(run->times, name, json_real(ms));
}

static int
cut(struct firn_run *run, enum firn_isolate_part part, const char *name,
    struct firn_err *err)
{
	json_t *said = NULL;

	if (!run->how->isolate)
		return 0;
	if (firn_isolate_part(run->target, run->ledger, &run->how->isolation,
			      part, &said, err) < 0)
		return -1;
	json_object_set_new(run->result, name, said);
	return 0;
}

/* Was there anything that we did?  Of one that its runtime had paused, what
 * had left its cgroup. */
static bool
is_to_be_undone(const json_t *freeze)
{
	const char *already = firn_json_string(freeze, "already", NULL);
	const json_t *one;
	size_t i;

	if (already == NULL)
		return true;
	if (strcmp(already, "firn") == 0)
		return false;
	json_array_foreach(json_object_get(freeze, "escaped"), i, one) {
		const char *by = firn_json_string(one, "held_by", NULL);

		if (by != NULL && strcmp(by, "quarantine") == 0)
			return true;
	}
	return false;
}

/* It stands still: its interfaces are next, whoever else there is to find. */
static void
cut_links(void *arg)
{
	struct firn_run *run = arg;

	if (!run->how->leave_running)
		firn_run_mark(run, "frozen_ms");
	run->uncut = cut(run, FIRN_ISOLATE_LINKS, "isolate_links",
			 &run->uncut_why) < 0;
	if (!run->uncut && run->how->isolate)
		firn_run_mark(run, "isolated_ms");
}

static int
freeze(struct firn_run *run, struct firn_err *err)
{
	struct firn_freezing freezing = run->how->freezing;
	json_t *said = NULL;

	if (run->how->leave_running) {
		cut_links(run);
		return firn_target_scan(run->target, err);
	}
	freezing.stands = cut_links;
	freezing.stands_arg = run;
	if (!run->how->leave_tasks)
		freezing.holder = &run->holder;
	if (firn_freeze(run->target, run->ledger, &freezing, &said, err) < 0)
		return -1;
	json_object_set_new(run->result, "freeze", said);
	run->frozen_by_us = is_to_be_undone(said);
	return 0;
}

static bool
is_replaced(const json_t *method, const json_t *newer)
{
	const char *name = firn_json_string(method, "method", NULL);
	const json_t *other;
	size_t i;

	if (name == NULL || strcmp(name, "clsact") != 0)
		return false;
	json_array_foreach(newer, i, other) {
		if (json_equal(json_object_get(other, "on"),
			       json_object_get(method, "on")) == 1)
			return true;
	}
	return false;
}

/* What has another method by now: contain/cut/cut_stopgap.h. */
static void
replace_methods(json_t *links, const json_t *rest)
{
	json_t *methods = json_object_get(links, "methods");
	const json_t *newer = json_object_get(rest, "methods");

	for (size_t i = json_array_size(methods); i-- > 0;)
		if (is_replaced(json_array_get(methods, i), newer))
			json_array_remove(methods, i);
	json_array_extend(methods, (json_t *)(uintptr_t)newer);
	json_array_extend(json_object_get(links, "not_used"),
			  json_object_get(rest, "not_used"));
}

/* What could wait: added to what was said of the interfaces. */
static int
cut_rest(struct firn_run *run, struct firn_err *err)
{
	json_t *links = json_object_get(run->result, "isolate_links");
	const json_t *rest;

	if (!run->how->isolate)
		return 0;
	if (cut(run, FIRN_ISOLATE_REST, "isolate_rest", err) < 0)
		return -1;
	rest = json_object_get(run->result, "isolate_rest");
	replace_methods(links, rest);
	json_object_set(links, "unix", json_object_get(rest, "unix"));
	json_object_set(links, "keeper", json_object_get(rest, "keeper"));
	json_array_extend(json_object_get(links, "open"),
			  json_object_get(rest, "open"));
	json_object_del(run->result, "isolate_rest");
	return 0;
}

int
firn_run_contain(struct firn_run *run, struct firn_err *err)
{
	if (cut(run, FIRN_ISOLATE_CGROUP, "isolate", err) < 0 ||
	    freeze(run, err) < 0)
		return -1;
	if (run->uncut) {
		*err = run->uncut_why;
		return -1;
	}
	return cut_rest(run, err);
}

int
firn_contain(struct firn_target *target, struct firn_ledger *ledger,
	     const struct firn_capture *how, json_t **ret, struct firn_err *err)
{
	autojson json_t *result = json_object(), *times = json_object();
	struct firn_capture alone = *how;
	struct firn_run run = {
		.target = target,
		.ledger = ledger,
		.how = &alone,
		.result = result,
		.times = times,
		.start_ns = firn_monotonic_ns(),
	};

	alone.leave_tasks = true; /* held by a process that ends with us */
	if (firn_run_contain(&run, err) < 0)
		return -1;
	json_object_set(result, "times", times);
	*ret = firn_steal(result);
	return 0;
}
