#include "firn/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/inbox.h"
#include "respond/outbox/box.h"
#include "respond/outbox/courier.h"

#define DELIVERY_MS 28000 /* and 2 s for a courier that doesn't end */

static int
open_ours(struct firn_box *ret, struct firn_err *err)
{
	mkdir(FIRN_SPOOL, 0755);
	return firn_box_open(ret, FIRN_OUTBOX, err);
}

/* --- put ------------------------------------------------------------------
 */

static bool
is_id(const char *id)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t len = strlen(id);

	return len > 0 && len <= FIRN_OUTBOX_ID && id[0] != '.' &&
	       strspn(id, letters) == len;
}

static int
check_message(const char *id, const char *url, const char *secret_file,
	      const char *body, struct firn_err *err)
{
	if (!is_id(id))
		return firn_err_set(err, EINVAL,
				    "\"%s\" can't be the id of a message", id);
	if (secret_file != NULL && secret_file[0] != '/')
		return firn_err_set(err, EINVAL,
				    "\"%s\" is not the absolute path of a "
				    "webhook's secret",
				    secret_file);
	if (strlen(body) > FIRN_OUTBOX_BODY)
		return firn_err_set(err, E2BIG,
				    "message %s has more than %d bytes", id,
				    FIRN_OUTBOX_BODY);
	return firn_url_check(url, err);
}

/* Whether it waits, or did. */
static bool
is_known(const struct firn_box *box, const char *name)
{
	const int folders[] = { box->dir_fd, box->done_fd, box->failed_fd };

	for (size_t i = 0; i < 3; i++)
		if (faccessat(folders[i], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

static int
check_room(const struct firn_box *box, struct firn_err *err)
{
	automessages struct firn_waiting_messages waiting = { 0 };

	if (firn_waiting_messages_read(box->dir_fd, &waiting, err) < 0)
		return -1;
	if (waiting.n >= FIRN_OUTBOX_WAITING)
		return firn_err_set(err, EDQUOT,
				    "%zu messages wait in the outbox already: "
				    "see why none is delivered",
				    waiting.n);
	return 0;
}

int
firn_box_put(const struct firn_box *box, const char *id, const char *url,
	     const char *secret_file, const json_t *body, struct firn_err *err)
{
	autofree char *text = firn_json_line(body);
	autojson json_t *message = NULL;
	char name[FIRN_OUTBOX_NAME], now[FIRN_TIME_TEXT];

	if (text == NULL)
		return firn_err_nomem(err);
	if (check_message(id, url, secret_file, text, err) < 0)
		return -1;
	snprintf(name, sizeof(name), "%s.json", id);
	if (is_known(box, name))
		return 0;
	message = json_pack("{s:s, s:s, s:s*, s:s, s:s, s:i}", "id", id, "url",
			    url, "secret_file", secret_file, "body", text,
			    "put", firn_now_text(now), "tries", 0);
	if (message == NULL)
		return firn_err_nomem(err);
	if (check_room(box, err) < 0)
		return -1;
	if (firn_message_write(box, message, firn_now(), name, false, err) == 0)
		return 0;
	if (err->code != EEXIST)
		return -1;
	*err = (struct firn_err){ 0 };
	return 0;
}

int
firn_outbox_put(const char *id, const char *url, const char *secret_file,
		const json_t *body, struct firn_err *err)
{
	autobox struct firn_box box = FIRN_BOX_CLOSED;

	if (open_ours(&box, err) < 0)
		return -1;
	return firn_box_put(&box, id, url, secret_file, body, err);
}

/* --- sync -----------------------------------------------------------------
 */

/* Not syncfs(2): it would wait for whatever else is written to that disk, such
 * as captures.  A file that has been synced before costs nothing. */
int
firn_box_sync(const struct firn_box *box, struct firn_err *err)
{
	automessages struct firn_waiting_messages waiting = { 0 };

	if (firn_waiting_messages_read(box->dir_fd, &waiting, err) < 0)
		return -1;
	for (size_t i = 0; i < waiting.n; i++) {
		autoclose int fd = openat(box->dir_fd, waiting.items[i].name,
					  O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
						  O_NOCTTY | O_CLOEXEC);

		if (fd < 0 && (errno == ENOENT || errno == ELOOP))
			continue; /* delivered meanwhile; no message */
		if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
			return firn_err_sys(err, "sync %s of the outbox",
					    waiting.items[i].name);
	}
	if (fsync(box->dir_fd) < 0)
		return firn_err_sys(err, "sync the outbox");
	return 0;
}

int
firn_outbox_sync(struct firn_err *err)
{
	autobox struct firn_box box = FIRN_BOX_CLOSED;

	if (open_ours(&box, err) < 0)
		return -1;
	return firn_box_sync(&box, err);
}

int
firn_outbox_deliver(int *ret_wait_ms, struct firn_err *err)
{
	const struct firn_delivery how = { .timeout_ms = DELIVERY_MS };
	autobox struct firn_box box = FIRN_BOX_CLOSED;

	if (open_ours(&box, err) < 0)
		return -1;
	return firn_box_deliver(&box, &how, ret_wait_ms, err);
}

/* --- what waits -----------------------------------------------------------
 */

static json_t *
describe(int dir_fd, const struct firn_entry *entry, bool waits)
{
	autojson json_t *message = NULL;
	autofree char *shown = NULL;
	autoclose int fd = -1;
	struct firn_err why = { 0 };
	json_t *told =
		json_pack("{s:s}", "state", waits ? "waiting" : "failed");

	if (firn_message_read(dir_fd, entry->name, &fd, &message, &why) < 0) {
		firn_json_text(told, "id", entry->name);
		firn_json_text(told, "last_error", why.text);
		return told;
	}
	shown = firn_url_shown(firn_json_string(message, "url", NULL));
	firn_json_text(told, "id", firn_json_string(message, "id", NULL));
	firn_json_text(told, "url", shown);
	json_object_set(told, "tries", json_object_get(message, "tries"));
	if (waits)
		firn_json_time(told, "next", entry->due);
	firn_json_text(told, "last_error",
		       firn_json_string(message, "last_error", NULL));
	return told;
}

static int
list(int dir_fd, bool waits, json_t *all, struct firn_err *err)
{
	automessages struct firn_waiting_messages entries = { 0 };

	if (firn_waiting_messages_read(dir_fd, &entries, err) < 0)
		return -1;
	for (size_t i = 0; i < entries.n; i++)
		if (json_array_append_new(all,
					  describe(dir_fd, &entries.items[i],
						   waits)) < 0)
			return firn_err_nomem(err);
	return 0;
}

int
firn_box_list(const struct firn_box *box, json_t **ret, struct firn_err *err)
{
	autojson json_t *all = json_array();

	if (all == NULL)
		return firn_err_nomem(err);
	if (list(box->dir_fd, true, all, err) < 0 ||
	    list(box->failed_fd, false, all, err) < 0)
		return -1;
	*ret = firn_steal(all);
	return 0;
}

int
firn_outbox(json_t **ret, struct firn_err *err)
{
	autobox struct firn_box box = FIRN_BOX_CLOSED;

	if (open_ours(&box, err) < 0)
		return -1;
	return firn_box_list(&box, ret, err);
}
