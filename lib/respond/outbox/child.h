#ifndef OUTBOX_CHILD_H
#define OUTBOX_CHILD_H

/*
 * child -- a process that is given a task, and not waited for beyond its time.
 *
 * What it says is bounded and what is more is read and dropped, so that neither
 * side ever waits for a pipe.  Its task stands in memory of its own (memfd), so
 * that it may read that or not.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "firn/err.h"

#define FIRN_CHILD_INPUT 0
#define FIRN_CHILD_EXTRA 3 /* `extra_fd` is that in the child */

struct firn_task {
	const char *name; /* for messages */
	const void *input;
	size_t input_len;
	int extra_fd; /* -1 for none */
	unsigned timeout_ms;
	bool apart;  /* the first of a pid namespace: all its children end with
		      * it; needs root */
	size_t most; /* bytes of stdout that are kept, and of stderr */

	/* In the child, with nothing open but 0, 1, 2 and the extra, in a
	 * session of its own, in "/", signals as at the start.  Returns its
	 * exit status. */
	int (*run)(const void *arg);
	const void *arg;
};

/* Starts as FIRN_CHILD_NONE. */
struct firn_child {
	const char *name;
	pid_t pid;
	int pid_fd, out_fd, err_fd; /* -1: not there, or ended */
	size_t most;
	struct firn_buf out, err;
	uint64_t started_ns, ends_ns; /* firn_monotonic_ns() */
	bool ended;                   /* and all that follows is known */
	bool timed_out;
	bool lost;  /* it doesn't even die: left behind */
	int status; /* exit status; -1 if a signal ended it, or lost */
	int signal; /* or 0 */
};

#define FIRN_CHILD_NONE                                  \
	{                                                \
		.pid_fd = -1, .out_fd = -1, .err_fd = -1 \
	}
#define autochild __attribute__((cleanup(firn_child_end)))

/* firn_child_start(child, task, err) -- what `task` points to is used before
 * this returns, but for the name. */
FIRN_MUST_CHECK int firn_child_start(struct firn_child *child,
				     const struct firn_task *task,
				     struct firn_err *err);

/*
 * firn_child_wait(children, n, until_ns, err) -- until one of them has ended,
 * or the time (firn_monotonic_ns()) has come.
 *
 * One whose time is over is killed, and has `timed_out` when it has ended;
 * one that can't be killed (it waits in the kernel) has `lost`, too.
 */
FIRN_MUST_CHECK int firn_child_wait(struct firn_child *const *children,
				    size_t n, uint64_t until_ns,
				    struct firn_err *err);

/* firn_child_finish(child, err) -- wait for this one to end. */
FIRN_MUST_CHECK int firn_child_finish(struct firn_child *child,
				      struct firn_err *err);

/* firn_child_end(child) -- kill it if it hasn't ended, and free what is kept.
 */
void firn_child_end(struct firn_child *child);

#endif
