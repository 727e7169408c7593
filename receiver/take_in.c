#include "receiver/take_in.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/alert.h"

#define HEADER_MAX 1024 /* bytes of one, in the envelope */
#define HEADERS_MAX 48

/* What the payload can't be read without, and what names it. */
static bool
is_kept(const char *name)
{
	return strcmp(name, "content-type") == 0 ||
	       strcmp(name, "user-agent") == 0 ||
	       strcmp(name, "webhook-id") == 0 ||
	       strcmp(name, "webhook-timestamp") == 0 ||
	       strncmp(name, "ce-", 3) == 0;
}

static json_t *
kept_headers(const struct firn_http_head *head)
{
	json_t *headers = json_object();

	for (size_t i = 0; i < head->n_fields; i++) {
		const struct firn_http_field *field = &head->fields[i];
		size_t len = strlen(field->value);

		if (is_kept(field->name) && len <= HEADER_MAX &&
		    json_object_size(headers) < HEADERS_MAX)
			firn_json_bytes(headers, field->name, field->value,
					len);
	}
	return headers;
}

static json_t *
envelope_of(const struct firn_connection *connection, const json_t *headers)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:O}", "way",
			 connection->is_unix ? "unix" : "https", "source",
			 connection->proven.sender->source->name, "auth",
			 connection->proven.by, "peer", connection->peer,
			 "headers", (json_t *)(uintptr_t)headers);
}

/* Into the inbox, whatever it is: what a known sender has sent isn't lost. */
static int
put(struct firn_connection *connection, const json_t *headers,
    char ret_name[FIRN_LETTER_NAME])
{
	struct firn_receiver *receiver = connection->receiver;
	autojson json_t *envelope = envelope_of(connection, headers);
	const struct firn_buf *body = &connection->body;
	struct firn_err err = { 0 };

	if (envelope == NULL)
		return -1;
	if (firn_inbox_put(&receiver->inbox, envelope,
			   body->data != NULL ? body->data : "", body->len,
			   ret_name, &err) < 0) {
		fprintf(stderr, "firn-receiver: %s\n", err.text);
		return -1;
	}
	receiver->put++;
	return 0;
}

/* Does any of them lead anywhere?  `*ret_why` is what the first that doesn't
 * says. */
static bool
leads_anywhere(const struct firn_receiver *receiver, const json_t *alerts,
	       json_t **ret_why)
{
	const json_t *alert;
	size_t i;

	json_array_foreach(alerts, i, alert) {
		json_t *why = NULL;

		if (!firn_alert_leads_nowhere(alert, receiver->host_names,
					      &why))
			return true;
		if (*ret_why == NULL)
			*ret_why = why;
		else
			json_decref(why);
	}
	return false;
}

static json_t *
answer_of(const struct firn_receiver *receiver, const char *letter,
	  const json_t *alerts)
{
	json_t *answer =
		json_pack("{s:b, s:s, s:I}", "accepted", true, "id", letter,
			  "alerts", (json_int_t)json_array_size(alerts));
	autojson json_t *why = NULL;

	if (leads_anywhere(receiver, alerts, &why))
		return answer;
	json_object_set_new(answer, "accepted", json_false());
	json_object_set(answer, "reason",
			why != NULL ? json_object_get(why, "reason") : NULL);
	return answer;
}

void
firn_take_in(struct firn_connection *connection, struct firn_seen_one *ret)
{
	struct firn_sender *sender = connection->proven.sender;
	const struct firn_buf *body = &connection->body;
	autojson json_t *headers = kept_headers(&connection->head);
	autojson json_t *alerts = NULL;
	json_t *answer;
	struct firn_err why = { 0 };
	int parsed = firn_alerts_parse(body->data != NULL ? body->data : "",
				       body->len, headers,
				       sender->source->mapping, &alerts, &why);

	firn_rate_take(&sender->rate,
		       parsed == 0 && json_array_size(alerts) > 0
			       ? (unsigned)json_array_size(alerts)
			       : 1);
	if (put(connection, headers, ret->letter) < 0) {
		ret->letter[0] = '\0';
		firn_connection_refuse(connection, FIRN_HTTP_UNAVAILABLE,
				       "it could not be written to disk");
		return;
	}
	if (parsed < 0)
		answer = json_pack("{s:b, s:s, s:s, s:s}", "accepted", false,
				   "reason", "not understood", "text", why.text,
				   "id", ret->letter);
	else
		answer = answer_of(connection->receiver, ret->letter, alerts);
	ret->accepted = json_is_true(json_object_get(answer, "accepted"));
	firn_connection_answer_synced(connection,
				      parsed < 0 ? FIRN_HTTP_BAD_REQUEST
						 : FIRN_HTTP_OK,
				      answer);
}
