#ifndef COLLECT_PEEKER_H
#define COLLECT_PEEKER_H

/*
 * peeker -- a child that looks into queues, and can be abandoned.
 *
 * A socket or a pipe has a lock that its owner may hold while it waits for
 * memory that userfaultfd or FUSE doesn't give; whoever wants it then waits
 * too, and no signal ends that.
 *
 * The child outlives firn by the request that it's at: what it has changed of a
 * socket it puts back, whoever is killed meanwhile.  So it is not killed in
 * such a request either: it ends by itself once it gets the lock.
 *
 * Starts as `{ 0 }` and the host's proc_fd; the child is made by the first
 * request.
 */

#include <sys/types.h>

#include "collect/queues/peek.h"
#include "firn/err.h"

struct firn_peeker {
	int proc_fd; /* borrowed */
	pid_t pid;   /* 0 while there is no child */
	int socket;  /* to the child; meaningless while there is none */
	struct firn_peeked *seen; /* shared with it */
	unsigned abandoned;
};

/*
 * firn_peeker_ask(peeker, fd, request, err) -- what came of it is in
 * `peeker->seen` until the next request; the survey always is.
 *
 * ETIMEDOUT if it isn't done within 1 s, or 5 s for what is read; after 16 of
 * those always.  What the kernel refused is no failure: see `code` there.
 */
FIRN_MUST_CHECK int firn_peeker_ask(struct firn_peeker *peeker, int fd,
				    const struct firn_peek_request *request,
				    struct firn_err *err);

void firn_peeker_close(struct firn_peeker *peeker);

#endif
