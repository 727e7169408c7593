#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/json.h"
#include "respond/outbox/courier.h"
#include "respond/outbox/sending.h"

#define TRIES 5
#define RECEIPT_MAX 1024 /* bytes of what the server says */

static int
make_headers(const char *sha256, json_t **ret, struct firn_err *err)
{
	unsigned char digest[FIRN_SHA256];
	autofree char *base64 = NULL;

	if (firn_unhex(sha256, digest, sizeof(digest)) < 0)
		return firn_err_set(err, EINVAL, "\"%s\" is no digest", sha256);
	base64 = firn_base64(digest, sizeof(digest));
	if (base64 == NULL)
		return firn_err_nomem(err);
	/* RFC 9530; draft-ietf-httpapi-idempotency-key-header. */
	*ret = json_pack("[s, o, o, o]", "content-type: application/zstd",
			 json_sprintf("content-digest: sha-256=:%s:", base64),
			 json_sprintf("repr-digest: sha-256=:%s:", base64),
			 json_sprintf("idempotency-key: \"%s\"", sha256));
	return *ret == NULL ? firn_err_nomem(err) : 0;
}

/* To a folder's URL goes the archive's name. */
static int
complete_url(const struct firn_sending *sending, const char *url, char **ret,
	     struct firn_err *err)
{
	bool folder = url[0] != '\0' && url[strlen(url) - 1] == '/';

	if (asprintf(ret, "%s%s", url, folder ? sending->name : "") < 0) {
		*ret = NULL;
		return firn_err_nomem(err);
	}
	return firn_url_check(*ret, err);
}

static int
try_once(const struct firn_sending *sending, const char *url,
	 const json_t *headers, json_t **ret, struct firn_err *err)
{
	autochild struct firn_child courier = FIRN_CHILD_NONE;
	struct firn_post post = {
		.url = url,
		.method = "PUT",
		.headers = headers,
		.body_fd = sending->fd,
		.body_size = (uint64_t)sending->st.st_size,
	};
	int left_ms = firn_sending_left_ms(sending, err);

	if (left_ms < 0)
		return -1;
	post.timeout_ms = (unsigned)left_ms;
	if (firn_courier_start(&courier, &post, err) < 0 ||
	    firn_child_finish(&courier, err) < 0)
		return -1;
	*ret = firn_courier_answer(&courier);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}

static bool
is_worth_again(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "again"));
}

/* While there is time. */
static int
try_some(const struct firn_sending *sending, const char *url,
	 const json_t *headers, json_t **ret, struct firn_err *err)
{
	autojson json_t *answer = NULL;
	struct timespec pause = { .tv_sec = 1 };

	for (int i = 0; i < TRIES; i++) {
		json_decref(answer);
		answer = NULL;
		if (try_once(sending, url, headers, &answer, err) < 0)
			return -1;
		if (!is_worth_again(answer) || i == TRIES - 1 ||
		    firn_sending_left_ms(sending, err) <= pause.tv_sec * 1000)
			break;
		nanosleep(&pause, NULL);
		pause.tv_sec *= 2;
	}
	*err = (struct firn_err){ 0 };
	if (firn_json_string(answer, "error", NULL) != NULL)
		return firn_err_set(err, EIO, "%s",
				    firn_json_string(answer, "error", NULL));
	*ret = firn_steal(answer);
	return 0;
}

static json_t *
receipt_of(const json_t *answer)
{
	const char *said = firn_json_string(answer, "body", NULL);
	json_t *receipt = json_object();

	json_object_set(receipt, "status", json_object_get(answer, "status"));
	json_object_set(receipt, "scheme", json_object_get(answer, "scheme"));
	json_object_set(receipt, "headers", json_object_get(answer, "headers"));
	if (said != NULL && said[0] != '\0')
		firn_json_bytes(receipt, "body", said,
				strnlen(said, RECEIPT_MAX));
	return receipt;
}

int
firn_send_put(const struct firn_sending *sending, const char *url, json_t **ret,
	      struct firn_err *err)
{
	autojson json_t *headers = NULL, *answer = NULL;
	autofree char *whole = NULL;
	char sha256[FIRN_SHA256_TEXT];
	const char *sent;

	if (complete_url(sending, url, &whole, err) < 0 ||
	    firn_sending_digest(sending->fd, (uint64_t)sending->st.st_size,
				sending->path, sha256, err) < 0 ||
	    make_headers(sha256, &headers, err) < 0 ||
	    try_some(sending, whole, headers, &answer, err) < 0)
		return -1;
	/* Not what the file says now: what has left. */
	sent = firn_json_string(answer, "sha256", NULL);
	if (sent == NULL || strcmp(sent, sha256) != 0)
		return firn_err_set(err, ESTALE,
				    "%s was changed while it was sent: the "
				    "server has something else",
				    sending->path);
	*ret = json_pack("{s:s, s:o}", "sha256", sha256, "receipt",
			 receipt_of(answer));
	return *ret == NULL ? firn_err_nomem(err) : 0;
}
