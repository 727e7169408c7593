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
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/auto.h"
#include "base/notify.h"
#include "base/opt.h"
#include "base/secret.h"
#include "firn/alert.h"
#include "firn/host.h"
#include "receiver/connection.h"
#include "receiver/sandbox.h"
#include "receiver/tls.h"

#define SPARE_FDS 128  /* beside those of connections */
#define PLACE_TRIES 30 /* with 0.1 s between them */
#define SECURE_BYTES (256u << 10)

#ifdef __SANITIZE_ADDRESS__
/* To look for leaks it would trace, which the sandbox doesn't let it. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

struct asked {
	bool help;
	const char *policy, *inbox;
	unsigned deadline_s, notify_fd;
};

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

/* Beside the letters, and not for those who put them in. */
static int
open_senders(struct firn_receiver *receiver, const struct firn_policy *policy,
	     struct firn_err *err)
{
	int dir_fd = receiver->inbox.dir_fd;
	autoclose int seen_fd = -1;

	if (mkdirat(dir_fd, "seen", 0700) < 0 && errno != EEXIST)
		return firn_err_sys(err, "make seen/ in the inbox");
	seen_fd = openat(dir_fd, "seen",
			 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (seen_fd < 0)
		return firn_err_sys(err, "open seen/ in the inbox");
	return firn_senders_open(&receiver->senders, policy, seen_fd, err);
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

/* Never more than it was started with: that could need a privilege. */
static int
bound_descriptors(const struct firn_listening *listening, struct firn_err *err)
{
	rlim_t wanted = listening->connections + SPARE_FDS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return firn_err_sys(err, "ask for the limit of descriptors");
	if (limit.rlim_max > wanted)
		limit.rlim_max = wanted;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return firn_err_sys(err, "set the limit of descriptors");
	return 0;
}

static int
read_host_names(json_t **ret, struct firn_err *err)
{
	struct firn_host host;
	int failed;

	if (firn_host_open(&host, "/", err) < 0)
		return -1;
	failed = firn_alert_host_names(&host, ret, err);
	firn_host_close(&host);
	return failed;
}

/* One that is just ending has its places for a moment still. */
static int
open_sockets(struct firn_sockets *ret, const struct firn_listening *listening,
	     struct firn_err *err)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };

	for (int i = 0; firn_sockets_open(ret, listening, err) < 0; i++) {
		if (err->code != EADDRINUSE || i == PLACE_TRIES)
			return -1;
		nanosleep(&pause, NULL);
	}
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
	if (read_host_names(&receiver->host_names, err) < 0 ||
	    open_inbox(&receiver->inbox, asked->inbox, err) < 0)
		return -1;
	/* Before there is a secret in memory. */
	if (firn_syncer_start(&receiver->syncer, &receiver->inbox, confine,
			      (void *)(uintptr_t)confined, err) < 0)
		return -1;
	receiver->is_child = asked->notify_fd != 0;
	if (receiver->is_child)
		receiver->notify_fd = (int)asked->notify_fd;
	else if (firn_notify_open(&receiver->notify_fd, err) < 0)
		return -1;
	if (open_senders(receiver, policy, err) < 0 ||
	    open_sockets(&receiver->sockets, listening, err) < 0)
		return -1;
	if (receiver->senders.n == 0)
		return firn_err_set(err, ENODATA,
				    "the policy has no sources: nobody could "
				    "send an alert");
	if (firn_sockets_tcp(&receiver->sockets) &&
	    firn_tls_open(listening, &receiver->senders, &receiver->tls, err) <
		    0)
		return -1;
	if (bound_descriptors(listening, err) < 0)
		return -1;
	return firn_loop_open(receiver, err);
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

static void
close_receiver(struct firn_receiver *receiver)
{
	firn_loop_close(receiver);
	firn_auto_close(&receiver->syncer.fd);
	firn_auto_close(&receiver->notify_fd);
	firn_sockets_close(&receiver->sockets);
	SSL_CTX_free(receiver->tls);
	firn_senders_close(&receiver->senders);
	firn_inbox_close(&receiver->inbox);
	json_decref(receiver->host_names);
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
		failed =
			open_receiver(&receiver, asked, policy, &confined, err);
	if (failed == 0)
		failed = firn_sandbox(confined.inbox, missing, err);
	if (failed == 0)
		failed = firn_accept_start(&receiver, err);
	if (failed == 0) {
		announce(&receiver, missing);
		failed = firn_loop_run(&receiver, err);
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
		{ 0, "notify-fd", "N",
		  "of `firn listen`, whose child it is then",
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
	/* From /dev/urandom, which the sandbox is without: who sends JSON must
	 * not know where its keys are put. */
	json_object_seed(0);
	/* Private keys in memory that isn't swapped out. */
	CRYPTO_secure_malloc_init(SECURE_BYTES, 32);
	if (serve(&asked, &err) < 0) {
		fprintf(stderr, "firn-receiver: %s\n", err.text);
		return 5;
	}
	return 0;
}
