#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/notify.h"
#include "receiver/connection.h"

#define TICK_S 1
#define TELL_EVERY_TICKS 60 /* of what was refused */
#define LEAVE_S 3           /* for requests that are under way */

void
firn_receiver_leave(struct firn_receiver *receiver)
{
	if (receiver->stopping && receiver->n_connections == 0)
		event_base_loopbreak(receiver->base);
}

void
firn_receiver_sync(struct firn_receiver *receiver)
{
	struct firn_err err = { 0 };

	if (receiver->syncing)
		return;
	if (firn_syncer_ask(&receiver->syncer, &receiver->inbox, &err) < 0) {
		fprintf(stderr, "firn-receiver: %s\n", err.text);
		event_base_loopbreak(receiver->base);
		return;
	}
	receiver->asked = receiver->put;
	receiver->syncing = true;
}

static void
on_synced(evutil_socket_t fd, short what, void *arg)
{
	struct firn_receiver *receiver = arg;
	struct firn_connection *connection;
	struct firn_err err = { 0 };
	bool done = false, more = false;

	(void)fd;
	(void)what;
	if (firn_syncer_answer(&receiver->syncer, &done, &err) < 0) {
		if (err.code == EAGAIN || err.code == EINTR)
			return;
		fprintf(stderr, "firn-receiver: %s\n", err.text);
		event_base_loopbreak(receiver->base);
		return;
	}
	receiver->syncing = false;
	TAILQ_FOREACH(connection, &receiver->connections, link) {
		if (connection->state != FIRN_SYNCS)
			continue;
		if (connection->ticket <= receiver->asked)
			firn_connection_synced(connection, done);
		else
			more = true;
	}
	if (more)
		firn_receiver_sync(receiver);
}

/* An intruder can refuse to be quiet; the journal needn't hear each time. */
static void
tell_refused(struct firn_receiver *receiver)
{
	for (unsigned status = 0; status < 600; status++) {
		if (receiver->refused[status] == 0)
			continue;
		fprintf(stderr,
			"firn-receiver: %u requests were answered %u (%s)\n",
			receiver->refused[status], status,
			firn_http_reason((int)status));
		receiver->refused[status] = 0;
	}
	if (receiver->cut > 0)
		fprintf(stderr,
			"firn-receiver: %u connections were cut at once: one "
			"sender had too many\n",
			receiver->cut);
	receiver->cut = 0;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	static unsigned n;
	struct firn_receiver *receiver = arg;

	(void)fd;
	(void)what;
	firn_notify(receiver->notify_fd, "WATCHDOG=1");
	if (++n % TELL_EVERY_TICKS == 0)
		tell_refused(receiver);
}

static void
on_given_up(evutil_socket_t fd, short what, void *arg)
{
	struct firn_receiver *receiver = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(receiver->base);
}

/* No new ones; those that have something to say or to hear get to the end. */
static void
stop(struct firn_receiver *receiver)
{
	const struct timeval wait = { .tv_sec = LEAVE_S };
	struct firn_connection *one, *next;

	if (receiver->stopping)
		return;
	firn_notify(receiver->notify_fd, "STOPPING=1");
	firn_accept_stop(receiver);
	firn_sockets_close(&receiver->sockets); /* for who comes after us */
	receiver->stopping = true;
	for (one = TAILQ_FIRST(&receiver->connections); one != NULL;
	     one = next) {
		next = TAILQ_NEXT(one, link);
		if (one->state == FIRN_LINGERS ||
		    (one->state == FIRN_READS_HEAD && one->idle))
			firn_connection_close(one);
	}
	evtimer_add(receiver->given_up, &wait);
	firn_receiver_leave(receiver);
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	stop(arg);
}

/* Nothing is ever said to us there: it's the end of who started us. */
static void
on_orphaned(evutil_socket_t fd, short what, void *arg)
{
	struct firn_receiver *receiver = arg;

	(void)fd;
	(void)what;
	event_del(receiver->orphaned);
	stop(receiver);
}

int
firn_loop_open(struct firn_receiver *receiver, struct firn_err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	const struct timeval second = { .tv_sec = TICK_S };
	int failed = 0;

	receiver->base = event_base_new();
	if (receiver->base == NULL)
		return firn_err_set(err, EIO, "libevent finds no way to wait");
	receiver->heard = event_new(receiver->base, receiver->syncer.fd,
				    EV_READ | EV_PERSIST, on_synced, receiver);
	receiver->tick =
		event_new(receiver->base, -1, EV_PERSIST, on_tick, receiver);
	receiver->given_up = evtimer_new(receiver->base, on_given_up, receiver);
	for (size_t i = 0; i < 3; i++) {
		receiver->told[i] = evsignal_new(receiver->base, signals[i],
						 on_signal, receiver);
		failed |= receiver->told[i] == NULL ||
			  event_add(receiver->told[i], NULL) < 0;
	}
	if (failed || receiver->heard == NULL || receiver->tick == NULL ||
	    receiver->given_up == NULL ||
	    event_add(receiver->heard, NULL) < 0 ||
	    event_add(receiver->tick, &second) < 0)
		return firn_err_nomem(err);
	if (!receiver->is_child)
		return 0;
	receiver->orphaned =
		event_new(receiver->base, receiver->notify_fd,
			  EV_READ | EV_PERSIST, on_orphaned, receiver);
	return receiver->orphaned == NULL ||
			       event_add(receiver->orphaned, NULL) < 0
		       ? firn_err_nomem(err)
		       : 0;
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

void
firn_loop_close(struct firn_receiver *receiver)
{
	while (!TAILQ_EMPTY(&receiver->connections))
		firn_connection_close(TAILQ_FIRST(&receiver->connections));
	for (size_t i = 0; i < FIRN_SOCKETS_MAX; i++)
		free_event(receiver->accepting[i]);
	for (size_t i = 0; i < 3; i++)
		free_event(receiver->told[i]);
	free_event(receiver->resume);
	free_event(receiver->heard);
	free_event(receiver->tick);
	free_event(receiver->given_up);
	free_event(receiver->orphaned);
	if (receiver->base != NULL)
		event_base_free(receiver->base);
}

int
firn_loop_run(struct firn_receiver *receiver, struct firn_err *err)
{
	firn_notify(receiver->notify_fd, "READY=1");
	event_base_dispatch(receiver->base);
	tell_refused(receiver);
	return receiver->stopping ? 0
				  : firn_err_set(err, EIO, "ended by itself");
}
