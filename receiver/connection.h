#ifndef RECEIVER_CONNECTION_H
#define RECEIVER_CONNECTION_H

/*
 * connection -- one sender, and its requests one after another.
 */

#include <event2/bufferevent.h>

#include "base/buf.h"
#include "receiver/http.h"
#include "receiver/receiver.h"

#define FIRN_PEER_TEXT 64

enum firn_connection_state {
	FIRN_READS_HEAD,
	FIRN_READS_BODY,
	FIRN_SYNCS,   /* the letter is in the inbox, not yet on disk */
	FIRN_ANSWERS, /* until the answer has been sent */
	FIRN_LINGERS, /* answered; what still comes is thrown away */
};

struct firn_connection {
	TAILQ_ENTRY(firn_connection) link;
	struct firn_receiver *receiver;
	struct bufferevent *stream;
	struct event *deadline;
	enum firn_connection_state state;
	bool is_unix;
	bool idle;       /* not a byte of a request yet */
	bool ended;      /* the other end has closed its half */
	bool close;      /* after the answer */
	size_t lingered; /* bytes */

	char peer[FIRN_PEER_TEXT];  /* "192.0.2.1", "uid 1000 pid 123" */
	char share[FIRN_PEER_TEXT]; /* who shares one share: an IPv6 /64 */
	struct firn_proven by_peer; /* what the socket or TLS shows */

	/* Of the request. */
	struct firn_http_head head;
	struct firn_buf body;
	struct firn_chunks chunks;
	struct firn_proven proven; /* NULL sender: by its body, if at all */
	size_t counted;            /* bytes of `held` that are the body's */
	bool counted_unproven;
	json_t *answer;  /* while it syncs */
	int status;      /* of it */
	uint64_t ticket; /* which sync must be done */
};

/* firn_connection_open(receiver, fd, is_unix) -- of an accepted socket, which
 * it takes over. */
void firn_connection_open(struct firn_receiver *receiver, int fd, bool is_unix);
void firn_connection_close(struct firn_connection *connection);

/* firn_connection_room(receiver, is_unix, may_close) -- room for one more, if
 * need be by closing the one that has been idle for the longest. */
bool firn_connection_room(struct firn_receiver *receiver, bool is_unix,
			  bool may_close);

/*
 * firn_connection_answer(connection, status, answer, extra) -- send it.
 *
 * Takes over `answer`, an object or NULL for none.  `extra` is further header
 * lines, each with its CR LF, or NULL.  From 400 on the connection is closed
 * after it, and the rest of the body is not waited for.
 */
void firn_connection_answer(struct firn_connection *connection, int status,
			    json_t *answer, const char *extra);

/* firn_connection_refuse(connection, status, reason) -- {"accepted": false,
 * "reason"}. */
void firn_connection_refuse(struct firn_connection *connection, int status,
			    const char *reason);

/* firn_connection_answer_synced(connection, answer) -- 200, once all that is
 * in the inbox is on disk; or `status`. */
void firn_connection_answer_synced(struct firn_connection *connection,
				   int status, json_t *answer);

/* firn_connection_synced(connection, done) -- it is, or it can't be. */
void firn_connection_synced(struct firn_connection *connection, bool done);

/* Between connections.c, where one begins and ends, and connection.c, where it
 * is served. */
void firn_connection_listen(struct firn_connection *connection);
void firn_connection_forget(struct firn_connection *connection);
void firn_connection_time(struct firn_connection *connection, unsigned seconds);
void firn_connection_late(evutil_socket_t fd, short what, void *arg);

/*
 * firn_request_head(connection) -- the head is there: who, what, may it?
 *
 * Answers what needs no body, or no reading of it; else the state is
 * FIRN_READS_BODY after it.
 */
void firn_request_head(struct firn_connection *connection);

/* firn_request_body(connection) -- the body is there, too. */
void firn_request_body(struct firn_connection *connection);

#endif
