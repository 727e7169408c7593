#ifndef RECEIVER_SYNCER_H
#define RECEIVER_SYNCER_H

/*
 * syncer -- a process that waits for the disk, so that the receiver needn't.
 *
 * A sender is told that all is well when its letter outlives the power.  While
 * the disk writes, the next letters are taken in (and acted upon), and the next
 * sync is for all of them.
 */

#include <stdbool.h>

#include "firn/err.h"
#include "firn/inbox.h"

struct firn_syncer {
	int fd; /* non-blocking; its end is the end of the process */
};

/*
 * firn_syncer_start(ret, inbox, confine, arg, err) -- fork one.
 *
 * `confine(arg, err)` gives up the privileges, in the child; if it fails the
 * child ends.
 */
typedef int firn_confine_fn(void *arg, struct firn_err *err);
FIRN_MUST_CHECK int firn_syncer_start(struct firn_syncer *ret,
				      const struct firn_inbox *inbox,
				      firn_confine_fn *confine, void *arg,
				      struct firn_err *err);

/* firn_syncer_ask(syncer, inbox, err) -- sync what the inbox has unsynced;
 * those files become the syncer's. */
FIRN_MUST_CHECK int firn_syncer_ask(const struct firn_syncer *syncer,
				    struct firn_inbox *inbox,
				    struct firn_err *err);

/* firn_syncer_answer(syncer, ret_done, err) -- when its descriptor is readable:
 * whether it is all on disk. */
FIRN_MUST_CHECK int firn_syncer_answer(const struct firn_syncer *syncer,
				       bool *ret_done, struct firn_err *err);

#endif
