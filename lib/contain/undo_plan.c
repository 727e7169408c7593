#include "firn/undo_plan.h"

#include <stdarg.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/freeze/freezer.h"

/* A folder's name may be any bytes. */
static void FIRN_PRINTF(2, 3) add_text(json_t *plan, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	json_array_append_new(plan, firn_json_message(fmt, args));
	va_end(args);
}

static const char *
text_of(const json_t *details, const char *key)
{
	const char *text = firn_json_string(details, key, NULL);

	return text != NULL ? text : "?";
}

static void
plan_quarantine(json_t *plan, const json_t *details)
{
	const json_t *moves = json_object_get(details, "moves"), *move;
	size_t i;

	json_array_foreach(moves, i, move) {
		add_text(plan, "move %lld back to %s, if it lives",
			 (long long)json_integer_value(
				 json_object_get(move, "tid")),
			 text_of(move, "folder"));
	}
	if (moves == NULL)
		add_text(plan, "remove %s", text_of(details, "folder"));
}

/* In the order of undoing: v1 lies on top of v2. */
static void
plan_freeze(json_t *plan, const json_t *details)
{
	for (int h = FIRN_N_HIERARCHIES - 1; h >= 0; h--) {
		const json_t *part =
			json_object_get(details, firn_hierarchy_names[h]);

		if (part == NULL ||
		    json_is_true(firn_json_at(part, "before", "own", NULL)))
			continue;
		if (h == FIRN_V2)
			add_text(plan, "write 0 to %s/cgroup.freeze",
				 text_of(part, "folder"));
		else
			add_text(plan, "write THAWED to %s/freezer.state",
				 text_of(part, "folder"));
	}
}

static void
plan_peek(json_t *plan, const struct firn_ledger *ledger)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "peek");
	const json_t *change, *socket;
	size_t i, k;

	json_array_foreach(open, i, change) {
		json_array_foreach(firn_json_at(change, "details", "sockets",
						NULL),
				   k, socket) {
			add_text(plan,
				 "put the options of socket:[%lld] right, if "
				 "it is there",
				 (long long)json_integer_value(
					 json_object_get(socket, "inode")));
		}
	}
}

json_t *
firn_thaw_plan(const struct firn_ledger *ledger)
{
	json_t *plan = json_array();
	autojson json_t *moved = NULL, *frozen = NULL;

	if (ledger == NULL)
		return plan;
	plan_peek(plan, ledger);
	moved = firn_ledger_open_changes(ledger, "quarantine");
	frozen = firn_ledger_open_changes(ledger, "freeze");
	for (size_t i = json_array_size(moved); i-- > 0;)
		plan_quarantine(plan, json_object_get(json_array_get(moved, i),
						      "details"));
	for (size_t i = json_array_size(frozen); i-- > 0;)
		plan_freeze(plan, json_object_get(json_array_get(frozen, i),
						  "details"));
	return plan;
}

json_t *
firn_release_plan(const struct firn_ledger *ledger)
{
	json_t *plan = json_array();
	autojson json_t *open = NULL;

	if (ledger == NULL)
		return plan;
	plan_peek(plan, ledger);
	open = firn_ledger_open_changes(ledger, "isolate");
	for (size_t i = json_array_size(open); i-- > 0;) {
		const json_t *details =
			json_object_get(json_array_get(open, i), "details");

		add_text(plan, "undo %s on %s", text_of(details, "method"),
			 text_of(details, "on"));
	}
	return plan;
}
