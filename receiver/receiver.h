#ifndef RECEIVER_RECEIVER_H
#define RECEIVER_RECEIVER_H

/*
 * receiver -- takes alerts in over HTTPS and a unix socket, and puts them into
 * the inbox.  It acts on none of them.
 *
 * One process, one loop (libevent); connections are bounded in number, time and
 * memory, whoever is at the other end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <jansson.h>
#include <openssl/ssl.h>

#include "firn/inbox.h"
#include "firn/policy.h"
#include "receiver/senders.h"
#include "receiver/sockets.h"
#include "receiver/syncer.h"

/* Bytes of bodies that are held at once; of those whose sender isn't proven
 * yet, as a signature is over the whole body. */
#define FIRN_HELD_MAX ((size_t)64 << 20)
#define FIRN_HELD_UNPROVEN_MAX ((size_t)16 << 20)

#define FIRN_DEADLINE_S 10 /* for a request, and for a handshake */
#define FIRN_IDLE_S 60     /* between requests */
#define FIRN_LINGER_S 2    /* for a sender to hear why it is cut */

struct firn_connection;
TAILQ_HEAD(firn_connections, firn_connection);

struct firn_receiver {
	struct event_base *base;
	const struct firn_listening *listening;
	struct firn_senders senders;
	struct firn_inbox inbox;
	struct firn_syncer syncer;
	struct firn_sockets sockets;
	SSL_CTX *tls;       /* NULL without TCP */
	json_t *host_names; /* this node's */
	unsigned deadline_s;

	struct event *accepting[FIRN_SOCKETS_MAX];
	struct event *resume; /* accepting again */
	struct event *heard;  /* the syncer's answer */
	struct event *tick;
	struct event *told[3]; /* signals */
	struct event *given_up;
	struct event *orphaned; /* `notify_fd` has ended */

	struct firn_connections connections; /* the longest idle first */
	size_t n_connections, n_tcp;
	size_t held, held_unproven; /* bytes of bodies */

	uint64_t put, asked; /* letters put in; of those, asked to be synced */
	bool syncing;
	bool paused, stopping;
	int notify_fd;         /* of the service manager; -1 for none */
	bool is_child;         /* of `firn listen`, whose descriptor that is */
	unsigned refused[600]; /* by status, since the last word about it */
	unsigned cut;          /* connections that were more than a share */
};

/* firn_accept_start(receiver, err) -- take connections from here on. */
FIRN_MUST_CHECK int firn_accept_start(struct firn_receiver *receiver,
				      struct firn_err *err);

/* firn_accept_again(receiver) -- there is room: one has been closed. */
void firn_accept_again(struct firn_receiver *receiver);
void firn_accept_stop(struct firn_receiver *receiver);

/* firn_loop_open(receiver, err) -- what is waited for beside connections: the
 * syncer, signals, the time. */
FIRN_MUST_CHECK int firn_loop_open(struct firn_receiver *receiver,
				   struct firn_err *err);
void firn_loop_close(struct firn_receiver *receiver);

/* firn_loop_run(receiver, err) -- until SIGTERM, SIGINT or SIGHUP. */
FIRN_MUST_CHECK int firn_loop_run(struct firn_receiver *receiver,
				  struct firn_err *err);

/* firn_receiver_sync(receiver) -- have what was put in synced, now or with
 * those that come while the disk writes. */
void firn_receiver_sync(struct firn_receiver *receiver);

/* firn_receiver_leave(receiver) -- if it is to stop, and nobody waits for an
 * answer any more, then now. */
void firn_receiver_leave(struct firn_receiver *receiver);

#endif
