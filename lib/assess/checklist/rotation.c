#include "firn/rotation.h"

#include <errno.h>
#include <string.h>

#include "assess/checklist/kept.h"
#include "assess/checklist/order.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/custody.h"

/* --- an item by its name --------------------------------------------------
 */

static bool
is_called(const json_t *item, const char *digits, size_t len)
{
	const char *print = firn_json_string(item, "fingerprint", NULL);

	return print != NULL && strncmp(print, digits, len) == 0;
}

int
firn_rotation_find(const json_t *checklist, const char *name, json_t **ret,
		   struct firn_err *err)
{
	const char *digits = strncmp(name, "S-", 2) == 0 ? name + 2 : name;
	autobuf struct firn_buf names = { 0 };
	size_t len = strlen(digits), n = 0, i;
	json_t *item, *found = NULL;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		if (len == 0 || !is_called(item, digits, len))
			continue;
		found = item;
		n++;
		firn_buf_addf(&names, " S-%.12s",
			      firn_json_string(item, "fingerprint", NULL));
	}
	if (n > 1)
		return firn_err_set(err, EEXIST, "%s is one of several:%.300s",
				    name, names.data);
	if (n == 0)
		return firn_err_set(err, ESRCH,
				    "case %s has no item %s: firn secrets "
				    "--status %s lists them",
				    firn_json_string(checklist, "case", NULL),
				    name,
				    firn_json_string(checklist, "case", NULL));
	*ret = found;
	return 0;
}

/* --- the case -------------------------------------------------------------
 */

/* Its copy of the checklist, with what was ticked off, in order. */
static int
open_case(int cases_fd, const char *case_id, json_t **ret_checklist,
	  json_t **ret_custody, struct firn_err *err)
{
	autojson json_t *checklist = NULL, *custody = NULL, *ticks = NULL;
	json_t *items;

	if (firn_rotation_kept(cases_fd, case_id, &checklist, err) < 0 ||
	    firn_custody_read(cases_fd, case_id, &custody, err) < 0 ||
	    firn_ticks(custody, &ticks, err) < 0)
		return -1;
	items = json_object_get(checklist, "items");
	if (firn_tick_items(items, ticks, err) < 0 ||
	    firn_order(items, firn_now().tv_sec, err) < 0)
		return -1;
	*ret_checklist = firn_steal(checklist);
	*ret_custody = firn_steal(custody);
	return 0;
}

static json_int_t
count_open(const json_t *checklist)
{
	const json_t *item;
	json_int_t n = 0;
	size_t i;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		n += !json_is_object(json_object_get(item, "done"));
	}
	return n;
}

/* --- ticking --------------------------------------------------------------
 */

static int
check_new(const json_t *item, const struct firn_tick *tick,
	  struct firn_err *err)
{
	const json_t *done = json_object_get(item, "done");
	const char *id = firn_json_string(item, "id", NULL);
	const char *by = firn_json_string(done, "by", NULL);
	const char *at = firn_json_string(done, "at", NULL);

	if (tick->undo && !json_is_object(done))
		return firn_err_set(err, EEXIST, "%s is open already", id);
	if (!tick->undo && json_is_object(done))
		return firn_err_set(err, EEXIST,
				    "%s was ticked off by %s at %s: firn "
				    "secrets --undone opens it again",
				    id, by != NULL ? by : "?",
				    at != NULL ? at : "?");
	return 0;
}

int
firn_rotation_tick(int cases_fd, const char *case_id,
		   const struct firn_tick *tick, json_t **ret,
		   struct firn_err *err)
{
	autojson json_t *checklist = NULL, *custody = NULL, *details = NULL;
	json_t *item, *result;
	json_int_t open;

	if (open_case(cases_fd, case_id, &checklist, &custody, err) < 0 ||
	    firn_rotation_find(checklist, tick->item, &item, err) < 0 ||
	    check_new(item, tick, err) < 0)
		return -1;
	details = json_object();
	firn_json_text(details, "item", firn_json_string(item, "id", NULL));
	firn_json_text(details, "fingerprint",
		       firn_json_string(item, "fingerprint", NULL));
	firn_json_text(details, "kind", firn_json_string(item, "kind", NULL));
	firn_json_text(details, "note", tick->note);
	if (firn_custody_add(cases_fd, case_id, tick->by,
			     tick->undo ? "secret undone" : "secret done",
			     details, err) < 0)
		return -1;
	open = count_open(checklist) + (tick->undo ? 1 : -1);
	result = json_object();
	firn_json_text(result, "case", case_id);
	json_object_set(result, "item", json_object_get(item, "id"));
	json_object_set(result, "title", json_object_get(item, "title"));
	json_object_set_new(result, "done", json_boolean(!tick->undo));
	firn_json_text(result, "by", tick->by);
	json_object_set_new(result, "open", json_integer(open));
	*ret = result;
	return 0;
}

/* --- how far it is --------------------------------------------------------
 */

static void
copy(json_t *to, const char *key, json_t *value)
{
	if (value != NULL)
		json_object_set(to, key, value);
}

static json_t *
row_of(const json_t *item, const char *now)
{
	static const char *const keys[] = { "title", "kind",  "priority",
					    "state", "owner", "due" };
	static const char *const done_keys[] = { "by", "at", "note" };
	const json_t *done = json_object_get(item, "done");
	const char *due = firn_json_string(item, "due", NULL);
	json_t *row = json_object();

	copy(row, "item", json_object_get(item, "id"));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		copy(row, keys[i], json_object_get(item, keys[i]));
	copy(row, "rank", firn_json_at(item, "order", "rank", NULL));
	copy(row, "first", firn_json_at(item, "order", "first", NULL));
	for (size_t i = 0; i < 3; i++)
		copy(row, done_keys[i], json_object_get(done, done_keys[i]));
	if (done == NULL)
		/* Both are UTC, with the same digits up to the seconds. */
		json_object_set_new(row, "overdue",
				    json_boolean(due != NULL &&
						 strncmp(due, now, 19) < 0));
	return row;
}

static json_t *
custody_json(const json_t *custody)
{
	static const char *const keys[] = { "intact", "head", "failures",
					    "torn" };
	json_t *json = json_object();
	size_t n = json_array_size(json_object_get(custody, "lines"));

	json_object_set_new(json, "lines", json_integer((json_int_t)n));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		copy(json, keys[i], json_object_get(custody, keys[i]));
	return json;
}

int
firn_rotation_status(int cases_fd, const char *case_id, json_t **ret,
		     struct firn_err *err)
{
	autojson json_t *checklist = NULL, *custody = NULL;
	json_t *open = json_array(), *done = json_array(), *item;
	autojson json_t *result = json_object();
	json_int_t overdue = 0;
	char now[FIRN_TIME_TEXT];
	size_t i;

	firn_json_text(result, "case", case_id);
	json_object_set_new(result, "open", open);
	json_object_set_new(result, "done", done);
	if (open_case(cases_fd, case_id, &checklist, &custody, err) < 0)
		return -1;
	firn_now_text(now);
	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		json_t *row = row_of(item, now);

		overdue += json_is_true(json_object_get(row, "overdue"));
		json_array_append_new(json_object_get(row, "at") != NULL ? done
									 : open,
				      row);
	}
	json_object_set_new(result, "overdue", json_integer(overdue));
	json_object_set_new(result, "custody", custody_json(custody));
	*ret = firn_steal(result);
	return 0;
}
