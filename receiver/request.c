#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>

#include "base/auto.h"
#include "base/clock.h"
#include "receiver/answers.h"
#include "receiver/connection.h"
#include "receiver/take_in.h"

/* --- who ------------------------------------------------------------------
 */

/* RFC 6750, 2.1 and 2.3; CloudEvents wants the second, for senders that can't
 * set a header. */
static struct firn_proven
by_token(const struct firn_connection *connection)
{
	const struct firn_senders *senders = &connection->receiver->senders;
	const char *value = firn_http_field(&connection->head, "authorization");
	autobuf struct firn_buf token = { 0 };
	struct firn_proven proven = { 0 };

	if (value != NULL && strncasecmp(value, "bearer ", 7) == 0)
		return firn_senders_token(senders, value + 7,
					  strlen(value + 7));
	if (firn_http_parameter(&connection->head, "access_token", &token))
		proven =
			firn_senders_token(senders,
					   token.data != NULL ? token.data : "",
					   token.len);
	return proven;
}

/* The token first: whoever shows one may only carry what another says. */
static struct firn_proven
proven_before_body(const struct firn_connection *connection)
{
	struct firn_proven proven = by_token(connection);

	return proven.sender != NULL ? proven : connection->by_peer;
}

/* Not what was wrong with it. */
static void
refuse_unknown(struct firn_connection *connection)
{
	firn_connection_answer(connection, FIRN_HTTP_UNAUTHORIZED,
			       json_pack("{s:b, s:s}", "accepted", false,
					 "reason", "not authenticated"),
			       "WWW-Authenticate: Bearer\r\n");
}

/* --- an alert -------------------------------------------------------------
 */

static bool
is_ours(const char *path)
{
	return strcmp(path, "/") == 0 || strcmp(path, "/alerts") == 0 ||
	       strcmp(path, "/v1/alerts") == 0;
}

/* Is it over its rate?  Answers so. */
static bool
is_too_much(struct firn_connection *connection, bool full)
{
	struct firn_sender *sender = connection->proven.sender;
	unsigned wait_s = firn_rate_wait(&sender->rate, firn_monotonic_ns());
	char extra[48];

	if (wait_s == 0 && full)
		wait_s = connection->receiver->senders.window_s;
	if (wait_s == 0)
		return false;
	snprintf(extra, sizeof(extra), "Retry-After: %u\r\n", wait_s);
	firn_connection_answer(connection, FIRN_HTTP_TOO_MANY,
			       json_pack("{s:b, s:s, s:i}", "accepted", false,
					 "reason", "too many alerts", "wait_s",
					 (int)wait_s),
			       extra);
	return true;
}

/* It may have come so soon that the first isn't synced yet. */
static void
answer_again(struct firn_connection *connection,
	     const struct firn_seen_one *before)
{
	firn_connection_answer_synced(connection, FIRN_HTTP_OK,
				      json_pack("{s:b, s:s, s:b}", "accepted",
						(int)before->accepted, "id",
						before->letter, "duplicate",
						true));
}

/* Signed ones come once, however often they are sent. */
static void
take_in_signed(struct firn_connection *connection)
{
	struct firn_senders *senders = &connection->receiver->senders;
	const struct firn_buf *body = &connection->body;
	struct firn_seen_one one = { 0 };
	int64_t now_s = firn_now().tv_sec;
	const struct firn_seen_one *before;
	struct firn_seen *seen;

	connection->proven =
		firn_senders_signature(senders, &connection->head,
				       body->data != NULL ? body->data : "",
				       body->len, now_s, one.digest,
				       &one.until_s);
	if (connection->proven.sender == NULL) {
		refuse_unknown(connection);
		return;
	}
	seen = &connection->proven.sender->seen;
	before = firn_seen_find(seen, one.digest, now_s);
	if (before != NULL) {
		answer_again(connection, before);
		return;
	}
	if (is_too_much(connection, firn_seen_full(seen, now_s)))
		return;
	firn_take_in(connection, &one);
	if (one.letter[0] != '\0')
		firn_seen_add(seen, &one);
}

void
firn_request_body(struct firn_connection *connection)
{
	struct firn_seen_one ignored = { 0 };

	if (connection->proven.sender == NULL)
		take_in_signed(connection);
	else
		firn_take_in(connection, &ignored);
}

static void
begin_alert(struct firn_connection *connection)
{
	const struct firn_receiver *receiver = connection->receiver;
	const struct firn_http_head *head = &connection->head;
	const char *encoding = firn_http_field(head, "content-encoding");

	connection->proven = proven_before_body(connection);
	if (connection->proven.sender == NULL &&
	    !firn_senders_signed(&receiver->senders, head)) {
		refuse_unknown(connection);
		return;
	}
	if (connection->proven.sender != NULL && is_too_much(connection, false))
		return;
	if (!head->has_length && !head->chunked) {
		firn_connection_refuse(connection, FIRN_HTTP_LENGTH_REQUIRED,
				       "no length");
		return;
	}
	if (head->length > receiver->listening->body_max) {
		firn_connection_refuse(connection, FIRN_HTTP_TOO_LARGE,
				       "too large");
		return;
	}
	if (encoding != NULL && strcasecmp(encoding, "identity") != 0) {
		firn_connection_refuse(connection, FIRN_HTTP_UNSUPPORTED,
				       "only plain bodies are read");
		return;
	}
	if (head->expects)
		bufferevent_write(connection->stream,
				  "HTTP/1.1 100 Continue\r\n\r\n", 25);
	connection->state = FIRN_READS_BODY;
}

/* --- anything else --------------------------------------------------------
 */

/* The handshake of CloudEvents: anybody may ask, and what comes must prove
 * itself all the same.  Source: cloudevents/spec, http-webhook.md, 4. */
static void
answer_options(struct firn_connection *connection)
{
	const char *origin =
		firn_http_field(&connection->head, "webhook-request-origin");
	char extra[512] = "Allow: OPTIONS, POST, PUT\r\n";
	size_t len = strlen(extra);

	if (origin != NULL && strlen(origin) < 256 &&
	    strspn(origin, "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789.-_") == strlen(origin))
		snprintf(extra + len, sizeof(extra) - len,
			 "WebHook-Allowed-Origin: %s\r\n"
			 "WebHook-Allowed-Rate: %u\r\n",
			 origin, FIRN_SOURCE_RATE);
	firn_connection_answer(connection, FIRN_HTTP_OK, NULL, extra);
}

/* What became of a letter, for its own sender. */
static void
tell(struct firn_connection *connection, const char *letter)
{
	json_t *answer;

	connection->proven = proven_before_body(connection);
	if (connection->proven.sender == NULL) {
		refuse_unknown(connection);
		return;
	}
	answer = firn_answer_find(&connection->receiver->inbox, letter,
				  connection->proven.sender->source->name);
	if (answer == NULL)
		firn_connection_refuse(connection, FIRN_HTTP_NOT_FOUND,
				       "no such alert of yours, or it is "
				       "being looked at");
	else
		firn_connection_answer(connection, FIRN_HTTP_OK, answer, NULL);
}

static const char *
letter_in(const char *path)
{
	if (strncmp(path, "/v1", 3) == 0)
		path += 3;
	return strncmp(path, "/alerts/", 8) == 0 ? path + 8 : NULL;
}

static bool
is_one_of(const char *method, const char *const *methods)
{
	for (; *methods != NULL; methods++)
		if (strcmp(*methods, method) == 0)
			return true;
	return false;
}

static void
refuse_method(struct firn_connection *connection, const char *allow)
{
	firn_connection_answer(connection, FIRN_HTTP_NOT_ALLOWED,
			       json_pack("{s:b, s:s}", "accepted", false,
					 "reason", "no such method here"),
			       allow);
}

void
firn_request_head(struct firn_connection *connection)
{
	static const char *const get[] = { "GET", "HEAD", NULL };
	static const char *const post[] = { "POST", "PUT", NULL };
	const struct firn_http_head *head = &connection->head;
	const char *letter = letter_in(head->path);
	bool asks = is_one_of(head->method, get);
	bool says = is_one_of(head->method, post);

	if (!says && (head->length > 0 || head->chunked)) {
		firn_connection_refuse(connection, FIRN_HTTP_BAD_REQUEST,
				       "a body where none belongs");
		return;
	}
	if (is_ours(head->path)) {
		if (says)
			begin_alert(connection);
		else if (strcmp(head->method, "OPTIONS") == 0)
			answer_options(connection);
		else
			refuse_method(connection,
				      "Allow: OPTIONS, POST, PUT\r\n");
	} else if (strcmp(head->path, "/healthz") == 0 || letter != NULL) {
		if (!asks)
			refuse_method(connection, "Allow: GET, HEAD\r\n");
		else if (letter != NULL)
			tell(connection, letter);
		else
			firn_connection_answer(connection, FIRN_HTTP_OK,
					       json_object(), NULL);
	} else {
		firn_connection_refuse(connection, FIRN_HTTP_NOT_FOUND,
				       "nothing here");
	}
}
