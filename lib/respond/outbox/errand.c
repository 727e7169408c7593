#include "respond/outbox/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "host/root_only.h"
#include "respond/outbox/courier.h"
#include "respond/outbox/signature.h"

#define WAIT_MOST_S 600
#define GIVE_UP_S (24 * 3600)
#define GIVE_UP_TRIES 20 /* at least: the node may have been off for a day */
#define SECRET_MAX 4096

const char *
firn_errand_text(const struct firn_errand *errand, const char *key)
{
	return firn_json_string(errand->message, key, NULL);
}

void
firn_errand_end(struct firn_errand *errand)
{
	firn_child_end(&errand->courier);
	json_decref(errand->message);
	firn_auto_close(&errand->fd);
	*errand = (struct firn_errand)FIRN_ERRAND_NONE;
}

/* --- what became of it ----------------------------------------------------
 */

/* 1 s, 2 s, 4 s, ... 10 min; or when the server says. */
static time_t
pause_after(json_int_t tries, const json_t *answer)
{
	json_int_t asked =
		json_integer_value(json_object_get(answer, "retry_after_s"));
	time_t wait = tries > 10 ? WAIT_MOST_S : (time_t)1 << (tries - 1);

	if (wait > WAIT_MOST_S)
		wait = WAIT_MOST_S;
	if (asked > FIRN_OUTBOX_PUT_OFF_S)
		asked = FIRN_OUTBOX_PUT_OFF_S;
	return asked > wait ? (time_t)asked : wait;
}

static int
try_again(const struct firn_box *box, const struct firn_errand *errand,
	  const json_t *answer, struct firn_err *err)
{
	json_t *message = errand->message;
	json_int_t tries =
		json_integer_value(json_object_get(message, "tries")) + 1;
	time_t put = firn_time_seconds(firn_errand_text(errand, "put"));
	struct timespec due = firn_now();
	bool over = due.tv_sec - put >= GIVE_UP_S && tries >= GIVE_UP_TRIES;

	if (tries < 1)
		tries = 1;
	if (!over)
		over = !json_is_true(json_object_get(answer, "again"));
	due.tv_sec += pause_after(tries, answer);
	json_object_set_new(message, "tries", json_integer(tries));
	json_object_set(message, "last_error",
			json_object_get(answer, "error"));
	if (firn_message_write(box, message, due, errand->name, true, err) < 0)
		return -1;
	return over ? firn_box_move(box, errand->name, box->failed_fd, err) : 0;
}

int
firn_errand_settle(const struct firn_errand *errand, const struct firn_box *box,
		   const json_t *answer, struct firn_err *err)
{
	if (answer == NULL)
		return firn_err_nomem(err);
	if (firn_json_string(answer, "error", NULL) == NULL)
		return firn_box_move(box, errand->name, box->done_fd, err);
	return try_again(box, errand, answer, err);
}

/* --- off it goes ----------------------------------------------------------
 */

static void
add_header(json_t *headers, const char *name, const char *value)
{
	json_array_append_new(headers, json_sprintf("%s: %s", name, value));
}

/* Who can read it can sign as we do. */
static int
open_secret(const char *path, struct firn_err *err)
{
	autofree char *own = NULL;
	autoclose int fd = -1;
	struct stat st;

	if (firn_root_only(path, &own, err) < 0)
		return -1;
	fd = open(own, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "open %s", path);
	if ((st.st_mode & (S_IRGRP | S_IROTH)) != 0)
		return firn_err_set(err, EPERM,
				    "%s can be read by others than root: "
				    "chmod 0600 %s, and make a new secret",
				    path, path);
	return firn_steal_fd(&fd);
}

static int
read_key(const char *path, struct firn_secret *ret, struct firn_err *err)
{
	autosecret struct firn_secret text = { 0 };
	autoclose int fd = open_secret(path, err);

	if (fd < 0 || firn_secret_read_fd(&text, fd, path, SECRET_MAX, err) < 0)
		return -1;
	if (firn_webhook_key(text.data, ret, err) < 0)
		return firn_err_in(err, "%s", path);
	return 0;
}

/* Signed anew at each try: the receiver refuses what is old. */
static int
add_signature(const struct firn_errand *errand, json_t *headers,
	      const char *timestamp, struct firn_err *err)
{
	autosecret struct firn_secret key = { 0 };
	char signature[FIRN_WEBHOOK_SIGNATURE];
	const char *body = firn_errand_text(errand, "body");

	if (firn_errand_text(errand, "secret_file") == NULL)
		return 0;
	if (read_key(firn_errand_text(errand, "secret_file"), &key, err) < 0 ||
	    firn_webhook_sign(&key, firn_errand_text(errand, "id"), timestamp,
			      body, strlen(body), signature, err) < 0)
		return -1;
	add_header(headers, "webhook-signature", signature);
	return 0;
}

int
firn_errand_start(struct firn_errand *errand, const struct firn_delivery *how,
		  struct firn_err *err)
{
	autojson json_t *headers = json_array();
	struct firn_post post = {
		.url = firn_errand_text(errand, "url"),
		.method = "POST",
		.headers = headers,
		.body = firn_errand_text(errand, "body"),
		.body_fd = -1,
		.timeout_ms = how->timeout_ms,
		.ca_file = how->ca_file,
	};
	char timestamp[24];

	if (headers == NULL)
		return firn_err_nomem(err);
	snprintf(timestamp, sizeof(timestamp), "%lld",
		 (long long)firn_now().tv_sec);
	add_header(headers, "content-type", "application/json");
	add_header(headers, "webhook-id", firn_errand_text(errand, "id"));
	add_header(headers, "webhook-timestamp", timestamp);
	if (add_signature(errand, headers, timestamp, err) < 0)
		return -1;
	return firn_courier_start(&errand->courier, &post, err);
}
