#ifndef TESTS_RECEIVER_SERVING_H
#define TESTS_RECEIVER_SERVING_H

/*
 * serving -- a real firn-receiver in a folder of its own, and what a sender
 * sees of it.
 */

#include <stddef.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/inbox.h"

#define BEARER_TOKEN "0123456789abcdef0123456789abcdef"
#define STANDARD_KEY "standard-webhooks-secret-of-a-test"

struct serving {
	char folder[64];
	char socket_path[96];
	char inbox_path[96];
	struct firn_inbox inbox; /* as the runner sees it */
	pid_t pid;
	int notify_fd; /* what it tells its service manager */
};

/* serving_start(serving, listen, deadline_s) -- with sources "us" (user root),
 * "falco" (BEARER_TOKEN), "few" (BEARER_TOKEN "-few", 3 alerts a minute) and
 * "hooks" (STANDARD_KEY).  `listen` is more for that section of the policy,
 * "" for nothing.  With SERVING_DESCRIPTORS in the environment it may have no
 * more. */
void serving_start(struct serving *serving, const char *listen,
		   const char *deadline_s);

/* serving_restart(serving, deadline_s) -- of one that has ended. */
void serving_restart(struct serving *serving, const char *deadline_s);

/* serving_stop(serving, signal) -- and how it ended, as waitpid(2) has it. */
int serving_stop(struct serving *serving, int signal);
void serving_clean(struct serving *serving);

/* serving_connect(serving) -- a connection to its unix socket. */
int serving_connect(const struct serving *serving);

/* Of the answer to one request. */
struct reply {
	int status;
	char *text; /* whole, for the caller to free(3) */
	const char *body;
};

/* serving_ask(serving, request, len) -- send it, say no more, and hear all. */
struct reply serving_ask(const struct serving *serving, const char *request,
			 size_t len);

/* serving_post(serving, fields, body, len) -- an alert over the unix socket,
 * with further headers ("" for none). */
struct reply serving_post(const struct serving *serving, const char *fields,
			  const char *body, size_t len);

/* serving_letters(serving) -- how many there are in new/. */
size_t serving_letters(const struct serving *serving);

/* serving_memory(serving) -- VmRSS in kB. */
long serving_memory(const struct serving *serving);

#endif
