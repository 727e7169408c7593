#include "respond/policy/counts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/audit.h"
#include "firn/ledger.h"
#include "firn/target.h"

#define HOUR_S 3600

/* From a permission to the ledger's line it is some milliseconds; a daemon's
 * disk may be slow. */
#define UNDERWAY_S 30

/* --- what runs ------------------------------------------------------------
 */

/* One that can't be read has been written by somebody. */
static bool
is_stopped(const char *id)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *frozen = NULL, *isolated = NULL;
	struct firn_err unread = { 0 };
	int there = firn_ledger_look(&ledger, id, &unread);

	if (there <= 0)
		return there < 0;
	frozen = firn_ledger_open_changes(ledger, "freeze");
	isolated = firn_ledger_open_changes(ledger, "isolate");
	return json_array_size(frozen) + json_array_size(isolated) > 0;
}

int
firn_count_replicas(const struct firn_host *host,
		    const struct firn_traits *what, json_t **ret,
		    struct firn_err *err)
{
	autojson json_t *rows = NULL, *replicas = json_object();
	const json_t *row;
	size_t i;

	if (firn_targets(host, &rows, err) < 0)
		return firn_err_in(err, "count the replicas");
	json_object_set_new(replicas, what->id,
			    json_boolean(is_stopped(what->id)));
	json_array_foreach(rows, i, row) {
		struct firn_traits its;

		firn_listed_traits(row, &its);
		if (strcmp(its.service, what->service) == 0)
			json_object_set_new(replicas, its.id,
					    json_boolean(is_stopped(its.id)));
	}
	*ret = firn_steal(replicas);
	return 0;
}

/* --- what was permitted ---------------------------------------------------
 */

static bool
is_freeze(const json_t *details)
{
	return firn_json_says(details, "role",
			      firn_role_name(FIRN_ROLE_FREEZE)) ||
	       firn_json_says(details, "role",
			      firn_role_name(FIRN_ROLE_CAPTURE));
}

static void
count_freeze(const json_t *details, const struct firn_traits *what,
	     const struct firn_act *act, json_t *seen, struct firn_counts *ret)
{
	const char *id = firn_json_string(details, "target", "id", NULL);
	const char *key = firn_json_string(details, "act", NULL);
	autofree char *both = NULL;

	if (id == NULL || key == NULL || !is_freeze(details) ||
	    (strcmp(id, act->id) == 0 && strcmp(key, act->key) == 0) ||
	    asprintf(&both, "%s %s", id, key) < 0 ||
	    json_object_get(seen, both) != NULL)
		return;
	json_object_set_new(seen, both, json_true());
	ret->freezes_hour++;
	if (firn_json_says(json_object_get(details, "target"), "service",
			   what->service))
		ret->freezes_hour_service++;
}

/* The one that is asked about, too: then that was decided already. */
static void
note_underway(const json_t *details, json_t *underway)
{
	const char *id = firn_json_string(details, "target", "id", NULL);
	json_int_t up_s = json_integer_value(json_object_get(details, "up_s"));

	if (id != NULL &&
	    up_s + UNDERWAY_S >= (json_int_t)(firn_boot_ns() / 1000000000))
		json_object_set_new(underway, id, json_true());
}

static void
count_stopped(const json_t *replicas, const json_t *underway,
	      struct firn_counts *ret)
{
	const json_t *stopped;
	const char *id;

	json_object_foreach((json_t *)(uintptr_t)replicas, id, stopped) {
		ret->replicas++;
		if (json_is_true(stopped) ||
		    json_object_get(underway, id) != NULL)
			ret->replicas_stopped++;
	}
}

int
firn_count(unsigned needed, const struct firn_traits *what,
	   const struct firn_act *act, const json_t *replicas,
	   struct firn_counts *ret, struct firn_err *err)
{
	unsigned seconds = needed & FIRN_COUNT_FREEZES ? HOUR_S : UNDERWAY_S;
	autojson json_t *lines = NULL, *seen = json_object();
	autojson json_t *underway = json_object();
	const json_t *line;
	size_t i;

	*ret = (struct firn_counts){ 0 };
	if (firn_audit_recent(seconds, &lines, err) < 0)
		return -1;
	json_array_foreach(lines, i, line) {
		const json_t *details = json_object_get(line, "details");

		count_freeze(details, what, act, seen, ret);
		note_underway(details, underway);
	}
	ret->already_stopped = json_object_get(underway, act->id) != NULL ||
			       is_stopped(act->id);
	count_stopped(replicas, underway, ret);
	return 0;
}
