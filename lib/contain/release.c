#include <stdint.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_attempts.h"
#include "contain/keep/keeper.h"
#include "contain/reset/reset.h"

static uint64_t
number_of(const json_t *change)
{
	json_int_t n = json_integer_value(json_object_get(change, "change"));

	return n > 0 ? (uint64_t)n : 0;
}

static void
add_undone(json_t *undone, const json_t *details)
{
	json_t *entry = json_object();

	firn_json_text(entry, "method",
		       firn_json_string(details, "method", NULL));
	firn_json_text(entry, "on", firn_json_string(details, "on", NULL));
	json_array_append_new(undone, entry);
}

/* As many as fit in a line of the ledger, with room to spare. */
#define NOTED_MAX 512

static void
note_attempts(json_t *note, const json_t *details)
{
	autojson json_t *attempts = NULL;

	if (json_object_get(details, "attempts") == NULL)
		return;
	attempts = firn_attempts_of(details);
	while (json_array_size(attempts) > NOTED_MAX)
		json_array_remove(attempts, json_array_size(attempts) - 1);
	json_object_set(note, "attempts", attempts);
}

/* Undo one, and write down what it had dropped: its counters go with it. */
static int
undo(struct firn_ledger *ledger, json_t *change, json_t *undone,
     struct firn_err *err)
{
	const json_t *details = json_object_get(change, "details");
	autojson json_t *alone = json_pack("[O]", change);
	autojson json_t *note = json_object();

	json_object_set_new(note, "dropped", firn_cut_dropped(alone));
	note_attempts(note, details);
	if (firn_cut_undo(ledger, number_of(change), details, err) < 0)
		return firn_err_in(err, "undo change %llu (%s)",
				   (unsigned long long)number_of(change),
				   firn_json_string(details, "method", NULL));
	if (firn_ledger_note(ledger, number_of(change), "undone", note, err) <
	    0)
		return -1;
	add_undone(undone, details);
	return 0;
}

/* Newest first.  One that can't be undone doesn't keep the others. */
static int
undo_all(struct firn_ledger *ledger, const json_t *changes, json_t *undone,
	 struct firn_err *err)
{
	int failed = 0;

	for (size_t i = json_array_size(changes); i-- > 0;) {
		struct firn_err why = { 0 };

		if (undo(ledger, json_array_get(changes, i), undone, &why) == 0)
			continue;
		if (failed == 0)
			*err = why;
		failed = -1;
	}
	return failed;
}

/* The keeper first, which would cut again; then all that it has written. */
static int
end_keeper(struct firn_ledger *ledger, struct firn_err *err)
{
	if (firn_ledger_refresh(ledger, err) < 0 ||
	    firn_keeper_end(ledger, "watch", 0, "it was released", err) < 0)
		return -1;
	return firn_ledger_refresh(ledger, err);
}

int
firn_release(struct firn_ledger *ledger, json_t **ret, struct firn_err *err)
{
	autojson json_t *changes = NULL, *attempts = NULL;
	autojson json_t *undone = json_array(), *dropped = NULL;
	int ended_by_boot;

	if (end_keeper(ledger, err) < 0)
		return -1;
	changes = firn_ledger_open_changes(ledger, "isolate");
	if (changes == NULL || undone == NULL)
		return firn_err_nomem(err);
	dropped = firn_cut_dropped(changes);
	if (firn_attempts(ledger, &attempts, err) < 0)
		return -1;
	if (undo_all(ledger, changes, undone, err) < 0 ||
	    firn_reset_settle(ledger, err) < 0)
		return -1;
	ended_by_boot = firn_ledger_forget(ledger, "isolate", err);
	if (ended_by_boot < 0 || firn_ledger_forget(ledger, "keep", err) < 0)
		return -1;
	*ret = json_pack("{s:s, s:O, s:O}", "state",
			 json_array_size(undone) > 0 ? "released"
						     : "not isolated",
			 "undone", undone, "dropped", dropped);
	if (*ret != NULL && attempts != NULL)
		json_object_set(*ret, "attempts", attempts);
	if (ended_by_boot > 0)
		firn_json_text(*ret, "why", "the node was rebooted");
	return *ret == NULL ? firn_err_nomem(err) : 0;
}
