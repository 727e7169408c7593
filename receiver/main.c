/*
 * firn-receiver -- takes alerts in over HTTPS and a unix socket, and puts them
 * into the inbox.
 *
 * Started as root it reads the policy and what proves its sources, opens its
 * sockets, and becomes the user `firn` in a sandbox before it reads the first
 * byte from the network.  `firn listen` and systemd start it; firn(1) has what
 * it answers.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/notify.h"
#include "base/opt.h"
#include "base/secret.h"
#include "receiver/connection.h"
#include "receiver/sandbox.h"
#include "receiver/tls.h"

#define TICK_S 1
#define TELL_EVERY_TICKS 60 /* of what was refused */
#define LEAVE_S 3           /* for requests that are under way */
#define SPARE_FDS 128       /* beside those of connections */
#define SECURE_BYTES (256u << 10)

struct asked {
	bool help;
	const char *policy, *inbox;
	unsigned deadline_s, notify_fd;
};

/* --- the loop -------------------------------------------------------------
 */

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
		receiver->syncer.pid = -1;
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
on_signal(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval wait = { .tv_sec = LEAVE_S };
	struct firn_receiver *receiver = arg;
	struct firn_connection *one, *next;

	(void)fd;
	(void)what;
	firn_notify(receiver->notify_fd, "STOPPING=1");
	firn_accept_stop(receiver);
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

static int
make_loop(struct firn_receiver *receiver, struct firn_err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	const struct timeval second = { .tv_sec = TICK_S };
	int failed = 0;

	receiver->base = event_base_new();
	if (receiver->base == NULL)
		return firn_err_set(err, EIO, "libevent finds no way to wait");
	receiver->heard = event_new(receiver->base, receiver->syncer.fd,
				    EV_READ | EV_PERSIST, on_synced, receiver);
	receiver->tick = event_new(receiver->base, -1, EV_PERSIST, on_tick,
				   receiver);
	receiver->given_up =
		evtimer_new(receiver->base, on_given_up, receiver);
	for (size_t i = 0; i < 3; i++) {
		receiver->told[i] = evsignal_new(receiver->base, signals[i],
						 on_signal, receiver);
		failed |= receiver->told[i] == NULL ||
			  event_add(receiver->told[i], NULL) < 0;
	}
	if (failed || receiver->heard == NULL || receiver->tick == NULL ||
	    receiver->given_up == NULL || event_add(receiver->heard, NULL) < 0 ||
	    event_add(receiver->tick, &second) < 0)
		return firn_err_nomem(err);
	return 0;
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

static void
close_receiver(struct firn_receiver *receiver)
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
	if (receiver->base != NULL)
		event_base_free(receiver->base);
	firn_auto_close(&receiver->syncer.fd);
	firn_auto_close(&receiver->notify_fd);
	firn_sockets_close(&receiver->sockets);
	SSL_CTX_free(receiver->tls);
	firn_senders_close(&receiver->senders);
	firn_inbox_close(&receiver->inbox);
	json_decref(receiver->host_names);
}

/* --- before the sandbox ---------------------------------------------------
 */

/* Opened as root, who makes the folders; what is acted upon isn't for the
 * receiver to see. */
static int
open_inbox(struct firn_inbox *ret, const char *path, struct firn_err *err)
{
	if (firn_inbox_open(ret, path, true, err) < 0)
		return -1;
	close(ret->cur_fd);
	ret->cur_fd = -1;
	return 0;
}

struct confined {
	const char *inbox;
	json_t *missing;
};

static int
confine(void *arg, struct firn_err *err)
{
	const struct confined *confined = arg;

	return firn_sandbox(confined->inbox, confined->missing, err);
}

/* Whatever it is called here: a container's host name is the pod's. */
static json_t *
names_of_host(void)
{
	json_t *names = json_array();
	const char *node = getenv("NODE_NAME");
	autofree char *text = NULL;
	struct firn_err ignored = { 0 };
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) == 0 && name[0] != '\0')
		json_array_append_new(names, json_string(name));
	if (firn_read_at(AT_FDCWD, "/etc/hostname", 4096, &text, NULL,
			 &ignored) == 0) {
		text[strcspn(text, " \t\r\n")] = '\0';
		json_array_append_new(names, json_string(text));
	}
	if (node != NULL)
		json_array_append_new(names, json_string(node));
	return names;
}

static int
enough_descriptors(const struct firn_listening *listening, struct firn_err *err)
{
	const struct rlimit limit = {
		.rlim_cur = listening->connections + SPARE_FDS,
		.rlim_max = listening->connections + SPARE_FDS,
	};

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return firn_err_sys(err, "allow %u descriptors",
				    listening->connections + SPARE_FDS);
	return 0;
}

static int
open_receiver(struct firn_receiver *receiver, const struct asked *asked,
	      const struct firn_policy *policy, const struct confined *confined,
	      struct firn_err *err)
{
	const struct firn_listening *listening = firn_policy_listening(policy);

	receiver->listening = listening;
	receiver->deadline_s = asked->deadline_s;
	receiver->host_names = names_of_host();
	if (open_inbox(&receiver->inbox, asked->inbox, err) < 0)
		return -1;
	/* Before there is a secret in memory. */
	if (firn_syncer_start(&receiver->syncer, &receiver->inbox, confine,
			      (void *)(uintptr_t)confined, err) < 0)
		return -1;
	if (asked->notify_fd != 0)
		receiver->notify_fd = (int)asked->notify_fd;
	else if (firn_notify_open(&receiver->notify_fd, err) < 0)
		return -1;
	if (firn_senders_open(&receiver->senders, policy, err) < 0 ||
	    firn_sockets_open(&receiver->sockets, listening, err) < 0)
		return -1;
	if (receiver->senders.n == 0)
		return firn_err_set(err, ENODATA,
				    "the policy has no sources: nobody could "
				    "send an alert");
	if (firn_sockets_tcp(&receiver->sockets) &&
	    firn_tls_open(listening, &receiver->senders, &receiver->tls, err) <
		    0)
		return -1;
	if (enough_descriptors(listening, err) < 0)
		return -1;
	return make_loop(receiver, err);
}

static void
announce(const struct firn_receiver *receiver, const json_t *missing)
{
	const json_t *sentence;
	size_t i;

	for (i = 0; i < receiver->sockets.n; i++)
		fprintf(stderr, "firn-receiver: takes alerts on %s\n",
			receiver->sockets.items[i].name);
	json_array_foreach(missing, i, sentence) {
		fprintf(stderr, "firn-receiver: less protected: %s\n",
			json_string_value(sentence));
	}
}

static int
serve(const struct asked *asked, struct firn_err *err)
{
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	autojson json_t *missing = json_array();
	struct firn_receiver receiver = { .inbox = FIRN_INBOX_CLOSED,
					  .syncer.fd = -1,
					  .notify_fd = -1 };
	const struct confined confined = {
		.inbox = asked->inbox != NULL ? asked->inbox : FIRN_INBOX,
		.missing = missing,
	};
	int failed;

	TAILQ_INIT(&receiver.connections);
	failed = firn_policy_open(&policy, asked->policy, err);
	if (failed == 0)
		failed = open_receiver(&receiver, asked, policy, &confined,
				       err);
	if (failed == 0)
		failed = firn_sandbox(confined.inbox, missing, err);
	if (failed == 0)
		failed = firn_accept_start(&receiver, err);
	if (failed == 0) {
		announce(&receiver, missing);
		firn_notify(receiver.notify_fd, "READY=1");
		event_base_dispatch(receiver.base);
		tell_refused(&receiver);
		if (!receiver.stopping)
			failed = firn_err_set(err, EIO, "ended by itself");
	}
	close_receiver(&receiver);
	return failed;
}

int
main(int argc, char **argv)
{
	struct asked asked = { .deadline_s = FIRN_DEADLINE_S };
	const struct firn_opt opts[] = {
		{ 0, "policy", "FILE", "instead of /etc/firn/policy.yaml",
		  .string = &asked.policy },
		{ 0, "inbox", "FOLDER", "instead of " FIRN_INBOX,
		  .string = &asked.inbox },
		{ 0, "deadline", "SECONDS", "for a request to be whole (10)",
		  .number = &asked.deadline_s },
		{ 0, "notify-fd", "N", "whom to tell, instead of NOTIFY_SOCKET",
		  .number = &asked.notify_fd },
		{ 'h', "help", NULL, "show this help", .flag = &asked.help },
		{ 0 },
	};
	struct firn_err err = { 0 };
	int n;

	signal(SIGPIPE, SIG_IGN);
	firn_secret_process();
	n = firn_opt_parse(opts, argc, argv, &err);
	if (n != 0 || asked.deadline_s == 0) {
		fprintf(stderr, "firn-receiver: %s\n",
			n < 0 ? err.text : "no such usage; see --help");
		return 2;
	}
	if (asked.help) {
		puts("firn-receiver -- takes alerts in, for `firn listen`\n\n"
		     "Usage: firn-receiver [OPTION]...\n");
		firn_opt_help(opts, stdout);
		return fflush(stdout) == 0 ? 0 : 5;
	}
	/* Private keys in memory that isn't swapped out. */
	CRYPTO_secure_malloc_init(SECURE_BYTES, 32);
	if (serve(&asked, &err) < 0) {
		fprintf(stderr, "firn-receiver: %s\n", err.text);
		return 5;
	}
	return 0;
}
