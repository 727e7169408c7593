#include "assess/checklist/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "assess/checklist/order.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "evidence/case_folder.h"
#include "firn/custody.h"
#include "firn/rotation.h"

#define KEPT_MAX ((size_t)64 << 20)
#define LOCK_TRIES 5000
#define LOCK_AGAIN_NS 2000000

/* --- what was ticked off --------------------------------------------------
 */

static int
take_tick(json_t *ticks, const json_t *line, struct firn_err *err)
{
	const char *action = firn_json_string(line, "action", NULL);
	const json_t *details = json_object_get(line, "details");
	const char *print = firn_json_string(details, "fingerprint", NULL);
	json_t *tick;

	if (action == NULL || print == NULL)
		return 0;
	if (strcmp(action, "secret undone") == 0)
		json_object_del(ticks, print);
	if (strcmp(action, "secret done") != 0)
		return 0;
	tick = json_object();
	firn_json_text(tick, "by", firn_json_string(line, "who", "said", NULL));
	firn_json_text(tick, "at", firn_json_string(line, "time", NULL));
	firn_json_text(tick, "note", firn_json_string(details, "note", NULL));
	return json_object_set_new(ticks, print, tick) < 0 ? firn_err_nomem(err)
							   : 0;
}

int
firn_ticks(const json_t *custody, json_t **ret, struct firn_err *err)
{
	autojson json_t *ticks = json_object();
	const json_t *line;
	size_t i;

	json_array_foreach(json_object_get(custody, "lines"), i, line) {
		if (take_tick(ticks, line, err) < 0)
			return -1;
	}
	*ret = firn_steal(ticks);
	return 0;
}

int
firn_tick_items(json_t *items, const json_t *ticks, struct firn_err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach(items, i, item) {
		const char *print = firn_json_string(item, "fingerprint", NULL);
		json_t *tick =
			print != NULL ? json_object_get(ticks, print) : NULL;

		json_object_del(item, "done");
		if (tick != NULL && json_object_set(item, "done", tick) < 0)
			return firn_err_nomem(err);
	}
	return 0;
}

/* --- the copy -------------------------------------------------------------
 */

static int
name_of(const json_t *checklist, const char **ret_id, char *ret, size_t size,
	struct firn_err *err)
{
	const char *id = firn_json_string(checklist, "case", NULL);

	if (id == NULL || !firn_case_id_is_valid(id))
		return firn_err_set(err, EINVAL,
				    "\"%s\" can't be the name of a case",
				    id != NULL ? id : "");
	*ret_id = id;
	snprintf(ret, size, "%s.secrets.json", id);
	return 0;
}

/* 1 if there is one, 0 if not, -1. */
static int
read_kept(int cases_fd, const char *name, json_t **ret, struct firn_err *err)
{
	autofree char *text = NULL;
	autoclose int fd = -1;
	size_t len;

	fd = firn_case_file(cases_fd, name, O_RDONLY, err);
	if (fd < 0 && err->code == ENOENT) {
		*err = (struct firn_err){ 0 };
		return 0;
	}
	if (fd < 0 || firn_read_fd(fd, name, KEPT_MAX, &text, &len, err) < 0 ||
	    firn_json_parse(text, len, name, ret, err) < 0)
		return -1;
	return 1;
}

int
firn_rotation_kept(int cases_fd, const char *case_id, json_t **ret,
		   struct firn_err *err)
{
	char name[FIRN_CASE_ID + 16];
	int there;

	if (!firn_case_id_is_valid(case_id))
		return firn_err_set(err, EINVAL,
				    "\"%s\" can't be the name of a case",
				    case_id);
	snprintf(name, sizeof(name), "%s.secrets.json", case_id);
	there = read_kept(cases_fd, name, ret, err);
	if (there == 0)
		return firn_err_set(err, ESRCH,
				    "case %s has no checklist here: firn "
				    "secrets --case %s TARGET makes one, or "
				    "name its archive",
				    case_id, case_id);
	return there < 0 ? -1 : 0;
}

/* Two that add to one copy would each lose what the other added.  The lock is
 * of the folder, since the file is replaced. */
static int
lock_folder(int cases_fd, struct firn_err *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_AGAIN_NS };
	autoclose int fd =
		openat(cases_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return firn_err_sys(err, "open the folder of cases");
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return firn_err_sys(err, "lock the folder of cases");
		if (i >= LOCK_TRIES)
			return firn_err_set(err, EBUSY,
					    "the folder of cases is held by "
					    "another firn");
		nanosleep(&pause, NULL);
	}
	return firn_steal_fd(&fd);
}

static int
replace(int cases_fd, const char *name, const char *text, struct firn_err *err)
{
	char fresh[FIRN_CASE_ID + 24];
	autoclose int fd = -1;

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	if (unlinkat(cases_fd, fresh, 0) < 0 && errno != ENOENT)
		return firn_err_sys(err, "remove an old %s", fresh);
	fd = firn_case_file(cases_fd, fresh, O_WRONLY | O_CREAT | O_EXCL, err);
	if (fd < 0 || firn_write_all(fd, fresh, text, strlen(text), err) < 0 ||
	    firn_finish(&fd, fresh, err) < 0)
		return -1;
	if (renameat(cases_fd, fresh, cases_fd, name) < 0 ||
	    fsync(cases_fd) < 0)
		return firn_err_sys(err, "replace %s of the case", name);
	return 0;
}

/* The item of the same secret, or NULL. */
static json_t *
same_in(const json_t *items, const json_t *item)
{
	const char *print = firn_json_string(item, "fingerprint", NULL);
	json_t *one;
	size_t i;

	json_array_foreach(items, i, one) {
		const char *other = firn_json_string(one, "fingerprint", NULL);

		if (print != NULL && other != NULL && strcmp(print, other) == 0)
			return one;
	}
	return NULL;
}

static int
add_kept(json_t *items, const json_t *kept, struct firn_err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(kept, "items"), i, item) {
		if (same_in(items, item) == NULL &&
		    json_array_append(items, item) < 0)
			return firn_err_nomem(err);
	}
	return 0;
}

int
firn_rotation_keep(int cases_fd, const json_t *checklist, struct firn_err *err)
{
	autojson json_t *all = json_deep_copy(checklist), *kept = NULL;
	autojson json_t *none = json_object();
	json_t *items = json_object_get(all, "items");
	char name[FIRN_CASE_ID + 16];
	autofree char *text = NULL;
	autoclose int lock_fd = -1;
	const char *id;

	if (name_of(checklist, &id, name, sizeof(name), err) < 0)
		return -1;
	lock_fd = lock_folder(cases_fd, err);
	if (lock_fd < 0 || read_kept(cases_fd, name, &kept, err) < 0 ||
	    add_kept(items, kept, err) < 0 ||
	    firn_tick_items(items, none, err) < 0 ||
	    firn_order(items, firn_now().tv_sec, err) < 0)
		return -1;
	text = json_dumps(all, JSON_INDENT(1));
	if (text == NULL)
		return firn_err_nomem(err);
	return replace(cases_fd, name, text, err);
}

/* --- what the case knows of a new one -------------------------------------
 */

static void
set_found(json_t *items, const json_t *kept, const char *made)
{
	json_t *item;
	size_t i;

	json_array_foreach(items, i, item) {
		const json_t *before =
			same_in(json_object_get(kept, "items"), item);
		const char *found = firn_json_string(before, "found", NULL);

		firn_json_text(item, "found", found != NULL ? found : made);
	}
}

int
firn_rotation_mark(int cases_fd, json_t *checklist, struct firn_err *err)
{
	autojson json_t *kept = NULL, *custody = NULL, *ticks = NULL;
	json_t *items = json_object_get(checklist, "items");
	const char *made = firn_json_string(checklist, "made", NULL), *id;
	char name[FIRN_CASE_ID + 16];

	if (name_of(checklist, &id, name, sizeof(name), err) < 0 ||
	    read_kept(cases_fd, name, &kept, err) < 0 ||
	    firn_custody_read(cases_fd, id, &custody, err) < 0 ||
	    firn_ticks(custody, &ticks, err) < 0)
		return -1;
	set_found(items, kept, made);
	if (firn_tick_items(items, ticks, err) < 0)
		return -1;
	return firn_order(items, firn_now().tv_sec, err);
}
