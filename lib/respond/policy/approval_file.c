#include "respond/policy/approval_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/audit.h"
#include "host/own_folder.h"

#define REQUEST_MAX ((size_t)64 << 10)
#define FILE_NAME (FIRN_APPROVAL_ID + 16)

#define LOCK_TIMEOUT_NS (5 * UINT64_C(1000000000))
#define LOCK_AGAIN_NS 2000000

/* --- the folder -----------------------------------------------------------
 */

static int
lock(int fd, struct firn_err *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_AGAIN_NS };
	uint64_t deadline = firn_monotonic_ns() + LOCK_TIMEOUT_NS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return firn_err_sys(err, "lock " FIRN_APPROVALS);
		if (firn_monotonic_ns() >= deadline)
			return firn_err_set(err, EBUSY,
					    FIRN_APPROVALS
					    " is held by another firn");
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int
make_folder(struct firn_err *err)
{
	autoclose int parent_fd =
		firn_own_folder(AT_FDCWD, FIRN_AUDIT_FOLDER, err);

	return parent_fd < 0 ? -1
			     : firn_own_folder(parent_fd, "approvals", err);
}

int
firn_approvals_open(bool make, struct firn_err *err)
{
	autoclose int fd =
		make ? make_folder(err)
		     : firn_own_folder_open(AT_FDCWD, FIRN_APPROVALS, err);

	if (fd < 0 || lock(fd, err) < 0)
		return -1;
	return firn_steal_fd(&fd);
}

/* --- its state ------------------------------------------------------------
 */

bool
firn_approval_is(const json_t *request, const char *state)
{
	return firn_json_says(request, "state", state);
}

/* A time to come is one of a clock that was set back since. */
static bool
is_past(const json_t *request, const char *key, json_int_t seconds)
{
	const char *text = firn_json_string(request, key, NULL);
	time_t then = text != NULL ? firn_time_seconds(text) : -1;
	time_t now = firn_now().tv_sec;

	return then < 0 || then > now || then + seconds < now;
}

static void
expire(json_t *request)
{
	json_int_t good_s =
		json_integer_value(json_object_get(request, "good_s"));

	if ((firn_approval_is(request, "open") &&
	     is_past(request, "asked", FIRN_APPROVAL_OPEN_S)) ||
	    (firn_approval_is(request, "approved") &&
	     is_past(request, "answered", good_s)))
		firn_json_text(request, "state", "expired");
}

/* --- a file ---------------------------------------------------------------
 */

static bool
is_id(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < FIRN_APPROVAL_ID &&
	       strspn(text, "0123456789abcdef") == len;
}

int
firn_approval_load(int dir_fd, const char *id, json_t **ret,
		   struct firn_err *err)
{
	autojson json_t *request = NULL;
	autofree char *text = NULL;
	char name[FILE_NAME];
	autoclose int fd = -1;
	const char *its;
	size_t len;

	if (!is_id(id))
		return firn_err_set(err, ESRCH, "\"%s\" is not a request", id);
	snprintf(name, sizeof(name), "%s.json", id);
	fd = firn_own_file(dir_fd, name, O_RDONLY, err);
	if (fd < 0 && err->code == ENOENT)
		return firn_err_set(err, ESRCH, "there is no request %s", id);
	if (fd < 0 ||
	    firn_read_fd(fd, name, REQUEST_MAX, &text, &len, err) < 0 ||
	    firn_json_parse(text, len, name, &request, err) < 0)
		return -1;
	its = firn_json_string(request, "id", NULL);
	if (its == NULL || strcmp(its, id) != 0)
		return firn_err_set(err, EBADMSG, "%s is of another request",
				    name);
	expire(request);
	*ret = firn_steal(request);
	return 0;
}

int
firn_approval_save(int dir_fd, const json_t *request, struct firn_err *err)
{
	autofree char *text = json_dumps(request, JSON_INDENT(2));
	const char *id = firn_json_string(request, "id", NULL);
	char name[FILE_NAME], fresh[FILE_NAME];
	autoclose int fd = -1;

	if (text == NULL || id == NULL)
		return firn_err_nomem(err);
	if (strlen(text) > REQUEST_MAX)
		return firn_err_set(err, E2BIG, "more than a request holds");
	snprintf(name, sizeof(name), "%s.json", id);
	snprintf(fresh, sizeof(fresh), ".%s.new", id);
	/* Of one that died here: we hold the lock. */
	if (unlinkat(dir_fd, fresh, 0) < 0 && errno != ENOENT)
		return firn_err_sys(err, "remove %s", fresh);
	fd = firn_own_file(dir_fd, fresh, O_WRONLY | O_CREAT | O_EXCL, err);
	if (fd < 0 || firn_write_all(fd, fresh, text, strlen(text), err) < 0 ||
	    firn_finish(&fd, fresh, err) < 0)
		return -1;
	if (renameat(dir_fd, fresh, dir_fd, name) < 0)
		return firn_err_sys(err, "rename to %s", name);
	return 0;
}

/* --- all of them ----------------------------------------------------------
 */

/* "0123456789.json" without its end, or false. */
static bool
id_of(const char *name, char ret[FIRN_APPROVAL_ID])
{
	size_t len = strlen(name);

	if (!firn_ends_with(name, ".json") || len - 5 >= FIRN_APPROVAL_ID)
		return false;
	snprintf(ret, FIRN_APPROVAL_ID, "%.*s", (int)len - 5, name);
	return is_id(ret);
}

static json_t *
unreadable(const char *id, const struct firn_err *why)
{
	json_t *json = json_object();

	firn_json_text(json, "id", id);
	firn_json_text(json, "state", "unreadable");
	firn_json_text(json, "error", why->text);
	return json;
}

static int
list_ids(int dir_fd, json_t **ret, struct firn_err *err)
{
	autoclose int fd =
		openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	json_t *ids = json_array();
	struct dirent *entry;
	char id[FIRN_APPROVAL_ID];

	if (dir == NULL) {
		json_decref(ids);
		return firn_err_sys(err, "read " FIRN_APPROVALS);
	}
	firn_steal_fd(&fd);
	while ((entry = readdir(dir)) != NULL)
		if (id_of(entry->d_name, id))
			json_array_append_new(ids, json_string(id));
	*ret = ids;
	return 0;
}

int
firn_approval_load_all(int dir_fd, json_t **ret, struct firn_err *err)
{
	autojson json_t *ids = NULL;
	json_t *all, *id;
	size_t i;

	if (list_ids(dir_fd, &ids, err) < 0)
		return -1;
	all = json_array();
	json_array_foreach(ids, i, id) {
		json_t *request = NULL;
		struct firn_err why = { 0 };

		if (i >= FIRN_APPROVALS_MAX)
			break;
		if (firn_approval_load(dir_fd, json_string_value(id), &request,
				       &why) < 0)
			request = unreadable(json_string_value(id), &why);
		json_array_append_new(all, request);
	}
	*ret = all;
	return 0;
}

bool
firn_approval_is_pending(const json_t *request)
{
	return firn_approval_is(request, "open") ||
	       firn_approval_is(request, "approved");
}

int
firn_approval_make_room(int dir_fd, struct firn_err *err)
{
	autojson json_t *ids = NULL, *all = NULL;
	const json_t *request;
	size_t i, n_pending = 0;

	if (list_ids(dir_fd, &ids, err) < 0)
		return -1;
	if (json_array_size(ids) < FIRN_APPROVALS_MAX)
		return 0;
	if (firn_approval_load_all(dir_fd, &all, err) < 0)
		return -1;
	json_array_foreach(all, i, request) {
		char name[FILE_NAME];

		snprintf(name, sizeof(name), "%s.json",
			 firn_json_string(request, "id", NULL));
		if (firn_approval_is_pending(request))
			n_pending++;
		else
			unlinkat(dir_fd, name, 0);
	}
	if (n_pending >= FIRN_APPROVALS_MAX)
		return firn_err_set(err, ENOSPC,
				    "%zu requests wait for a second person: "
				    "firn approve lists them",
				    n_pending);
	return 0;
}
