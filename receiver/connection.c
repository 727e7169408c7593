#include "receiver/connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>

#include "base/auto.h"
#include "base/json.h"
#include "receiver/tls.h"

#define UNREAD_MAX (64u << 10) /* bytes in a connection's input */

static void go_on(struct firn_connection *connection);

/* --- time -----------------------------------------------------------------
 */

void
firn_connection_time(struct firn_connection *connection, unsigned seconds)
{
	const struct timeval time = { .tv_sec = seconds };

	evtimer_add(connection->deadline, &time);
}

void
firn_connection_late(evutil_socket_t fd, short what, void *arg)
{
	struct firn_connection *connection = arg;

	(void)fd;
	(void)what;
	if ((connection->state == FIRN_READS_HEAD && !connection->idle) ||
	    connection->state == FIRN_READS_BODY)
		firn_connection_refuse(connection, FIRN_HTTP_TIMEOUT,
				       "too slow");
	else
		firn_connection_close(connection);
}

/* --- a request's memory ---------------------------------------------------
 */

static void
uncount(struct firn_connection *connection)
{
	struct firn_receiver *receiver = connection->receiver;

	receiver->held -= connection->counted;
	if (connection->counted_unproven)
		receiver->held_unproven -= connection->counted;
	connection->counted = 0;
	connection->counted_unproven = false;
}

/* Bodies of all connections together stay within bounds; those that anybody
 * could have sent within tighter ones. */
static bool
counts(struct firn_connection *connection)
{
	struct firn_receiver *receiver = connection->receiver;
	size_t more = connection->body.len - connection->counted;

	connection->counted += more;
	receiver->held += more;
	if (connection->proven.sender == NULL) {
		receiver->held_unproven += more;
		connection->counted_unproven = true;
	}
	return receiver->held <= FIRN_HELD_MAX &&
	       receiver->held_unproven <= FIRN_HELD_UNPROVEN_MAX;
}

void
firn_connection_forget(struct firn_connection *connection)
{
	uncount(connection);
	firn_http_head_free(&connection->head);
	firn_buf_free(&connection->body);
	connection->chunks = (struct firn_chunks){ 0 };
	connection->proven = (struct firn_proven){ 0 };
	json_decref(connection->answer);
	connection->answer = NULL;
}

/* --- answers --------------------------------------------------------------
 */

void
firn_connection_answer(struct firn_connection *connection, int status,
		       json_t *answer, const char *extra)
{
	struct evbuffer *out = bufferevent_get_output(connection->stream);
	autojson json_t *owned = answer;
	autofree char *text = owned != NULL ? firn_json_line(owned) : NULL;
	size_t len = text != NULL ? strlen(text) + 1 : 0;
	char date[32] = "";
	bool is_head = connection->head.method != NULL &&
		       strcmp(connection->head.method, "HEAD") == 0;

	if (status >= FIRN_HTTP_BAD_REQUEST) {
		connection->receiver->refused[status]++;
		connection->close = true;
	}
	if (!connection->head.keep_alive || connection->receiver->stopping)
		connection->close = true;
	evutil_date_rfc1123(date, sizeof(date), NULL);
	evbuffer_add_printf(out,
			    "HTTP/1.1 %d %s\r\n"
			    "Date: %s\r\n"
			    "Content-Type: application/json\r\n"
			    "Content-Length: %zu\r\n"
			    "Cache-Control: no-store\r\n"
			    "%s%s\r\n",
			    status, firn_http_reason(status), date, len,
			    extra != NULL ? extra : "",
			    connection->close ? "Connection: close\r\n" : "");
	if (len > 0 && !is_head)
		evbuffer_add_printf(out, "%s\n", text);
	firn_connection_forget(connection);
	connection->state = FIRN_ANSWERS;
	firn_connection_time(connection, connection->receiver->deadline_s);
}

void
firn_connection_refuse(struct firn_connection *connection, int status,
		       const char *reason)
{
	firn_connection_answer(
		connection, status,
		json_pack("{s:b, s:s}", "accepted", false, "reason", reason),
		status == FIRN_HTTP_UNAVAILABLE ? "Retry-After: 1\r\n" : NULL);
}

void
firn_connection_answer_synced(struct firn_connection *connection, int status,
			      json_t *answer)
{
	connection->answer = answer;
	connection->status = status;
	connection->state = FIRN_SYNCS;
	connection->ticket = connection->receiver->put;
	evtimer_del(connection->deadline);
	uncount(connection);
	firn_buf_free(&connection->body);
	firn_receiver_sync(connection->receiver);
}

void
firn_connection_synced(struct firn_connection *connection, bool done)
{
	json_t *answer = connection->answer;

	connection->answer = NULL;
	if (done) {
		firn_connection_answer(connection, connection->status, answer,
				       NULL);
		return;
	}
	json_decref(answer);
	firn_connection_refuse(connection, FIRN_HTTP_FAILED,
			       "it could not be written to disk");
}

/* --- what comes -----------------------------------------------------------
 */

/* Returns the status to refuse it with, 0 when it isn't whole yet, 1 if it is.
 */
static int
read_head(struct firn_connection *connection, struct evbuffer *in)
{
	size_t len = evbuffer_get_length(in);
	struct evbuffer_ptr end;
	const char *text;
	int status;

	/* An empty line before a request is let pass: RFC 9112, 2.2. */
	if (len >= 2 && memcmp(evbuffer_pullup(in, 2), "\r\n", 2) == 0) {
		evbuffer_drain(in, 2);
		len -= 2;
	}
	if (len > 0 && connection->idle) {
		connection->idle = false;
		firn_connection_time(connection,
				     connection->receiver->deadline_s);
	}
	end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	if (end.pos < 0)
		return len >= FIRN_HTTP_HEAD ? FIRN_HTTP_HEAD_TOO_LARGE : 0;
	len = (size_t)end.pos + 4;
	if (len > FIRN_HTTP_HEAD)
		return FIRN_HTTP_HEAD_TOO_LARGE;
	text = (const char *)evbuffer_pullup(in, (ssize_t)len);
	if (text == NULL)
		return FIRN_HTTP_UNAVAILABLE;
	status = firn_http_head(&connection->head, text, len);
	evbuffer_drain(in, len);
	return status != 0 ? status : 1;
}

/* The same of the body. */
static int
read_body(struct firn_connection *connection, struct evbuffer *in)
{
	const struct firn_http_head *head = &connection->head;
	size_t len = evbuffer_get_length(in), used = 0;
	const char *text = (const char *)evbuffer_pullup(in, -1);
	int status = 0;

	if (len > 0 && head->chunked) {
		status = firn_chunks_feed(
			&connection->chunks, text, len,
			connection->receiver->listening->body_max,
			&connection->body, &used);
	} else if (!head->chunked) {
		used = (size_t)head->length - connection->body.len;
		if (used > len)
			used = len;
		firn_buf_add(&connection->body, text, used);
		status = connection->body.len == head->length;
	}
	evbuffer_drain(in, used);
	if (connection->body.failed || !counts(connection))
		return FIRN_HTTP_UNAVAILABLE;
	return status;
}

static const char *
why_refused(int status)
{
	switch (status) {
	case FIRN_HTTP_TOO_LARGE:
		return "too large";
	case FIRN_HTTP_HEAD_TOO_LARGE:
		return "headers too large";
	case FIRN_HTTP_UNAVAILABLE:
		return "too much at once";
	case FIRN_HTTP_EXPECTATION:
	case FIRN_HTTP_NOT_IMPLEMENTED:
	case FIRN_HTTP_VERSION:
		return "not supported";
	default:
		return "no valid request";
	}
}

/* As far as what has come allows. */
static void
go_on(struct firn_connection *connection)
{
	struct evbuffer *in = bufferevent_get_input(connection->stream);
	int status = 1;

	while (status == 1) {
		enum firn_connection_state state = connection->state;

		if (state == FIRN_READS_HEAD)
			status = read_head(connection, in);
		else if (state == FIRN_READS_BODY)
			status = read_body(connection, in);
		else
			return;
		if (status > 1)
			firn_connection_refuse(connection, status,
					       why_refused(status));
		else if (status == 1 && state == FIRN_READS_HEAD)
			firn_request_head(connection);
		else if (status == 1)
			firn_request_body(connection);
	}
	if (connection->ended && (connection->state == FIRN_READS_HEAD ||
				  connection->state == FIRN_READS_BODY))
		firn_connection_close(connection);
}

/* Closing with bytes unread would reset the connection, and the sender would
 * never see the answer. */
static void
linger(struct firn_connection *connection)
{
	SSL *ssl = bufferevent_openssl_get_ssl(connection->stream);

	connection->state = FIRN_LINGERS;
	firn_connection_time(connection, FIRN_LINGER_S);
	if (ssl != NULL)
		SSL_shutdown(ssl);
	shutdown(bufferevent_getfd(connection->stream), SHUT_WR);
}

static void
on_read(struct bufferevent *stream, void *arg)
{
	struct firn_connection *connection = arg;
	struct evbuffer *in = bufferevent_get_input(stream);

	if (connection->state != FIRN_LINGERS) {
		go_on(connection);
		return;
	}
	connection->lingered += evbuffer_get_length(in);
	evbuffer_drain(in, evbuffer_get_length(in));
	if (connection->lingered >
	    2 * (size_t)connection->receiver->listening->body_max)
		firn_connection_close(connection);
}

/* An answer has been sent whole. */
static void
on_written(struct bufferevent *stream, void *arg)
{
	struct firn_connection *connection = arg;

	if (connection->state != FIRN_ANSWERS)
		return; /* "100 Continue" */
	if (connection->close &&
	    (connection->ended || connection->receiver->stopping)) {
		firn_connection_close(connection);
		return;
	}
	if (connection->close) {
		linger(connection);
		on_read(stream, connection);
		return;
	}
	connection->state = FIRN_READS_HEAD;
	connection->idle = true;
	/* The longest idle one is the first to go. */
	TAILQ_REMOVE(&connection->receiver->connections, connection, link);
	TAILQ_INSERT_TAIL(&connection->receiver->connections, connection, link);
	firn_connection_time(connection, FIRN_IDLE_S);
	go_on(connection);
}

static void
on_event(struct bufferevent *stream, short what, void *arg)
{
	struct firn_connection *connection = arg;
	const SSL *ssl = bufferevent_openssl_get_ssl(stream);

	if ((what & BEV_EVENT_CONNECTED) != 0 && ssl != NULL) {
		connection->by_peer =
			firn_tls_client(ssl, &connection->receiver->senders);
		return;
	}
	if ((what & BEV_EVENT_EOF) != 0 &&
	    (connection->state == FIRN_SYNCS ||
	     connection->state == FIRN_ANSWERS)) {
		connection->ended = true; /* it has said all; and may listen */
		return;
	}
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
		firn_connection_close(connection);
}

void
firn_connection_listen(struct firn_connection *connection)
{
	bufferevent_setcb(connection->stream, on_read, on_written, on_event,
			  connection);
	bufferevent_setwatermark(connection->stream, EV_READ, 0, UNREAD_MAX);
	/* The handshake and the first request together. */
	firn_connection_time(connection, connection->receiver->deadline_s);
	bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
}
