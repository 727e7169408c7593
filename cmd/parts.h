#ifndef CMD_PARTS_H
#define CMD_PARTS_H

/*
 * parts -- the processes that `firn listen` is made of, kept running.
 *
 * A part tells by the messages of base/notify.h that it is ready and that it is
 * alive.  One that ends is started again, the sooner the longer it ran; one
 * that falls silent is killed and started again.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"

struct firn_part {
	const char *name; /* "the receiver" */

	/* In a child of its own: does its work, and doesn't return.  SIGTERM
	 * ends it.  `notify_fd` is for firn_notify(), and ends when who started
	 * it has ended. */
	void (*run)(void *arg, int notify_fd);
	void *arg;

	/* Of firn_parts_run(). */
	pid_t pid; /* 0: doesn't run */
	int notify_fd;
	bool ready, was_ready;
	uint64_t began_ns, heard_ns, due_ns;
	unsigned pause_ms;
};

/* Whom firn_parts_run() asks and tells. */
struct firn_parts_owner {
	void (*say)(const char *text, void *arg); /* for people */
	/* Before all are started anew: would they start?  -1 keeps them. */
	int (*check)(void *arg, struct firn_err *err);
	void *arg;
};

/*
 * firn_parts_run(parts, n, owner, err) -- until SIGTERM or SIGINT, which end
 * them calmly.  SIGHUP starts them anew, so that they read their files again.
 *
 * Tells the service manager once all of them are ready, and from then on that
 * it is alive.  A part that ends before it was ever ready is a failure, and
 * ends the others.
 */
FIRN_MUST_CHECK int firn_parts_run(struct firn_part *parts, size_t n,
				   const struct firn_parts_owner *owner,
				   struct firn_err *err);

#endif
