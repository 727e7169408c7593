#ifndef RESPOND_CASES_CREW_H
#define RESPOND_CASES_CREW_H

/*
 * crew -- the processes that work cases, one each.
 *
 * They are forks of the runner, which has policy and playbooks read already,
 * and outlive it.  It learns by their pidfds when they end, and leaves SIGCHLD
 * to whoever called it.
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "respond/cases/opening.h"

/* More at once wait for one to end: what they do first takes milliseconds. */
#define FIRN_CREW_MAX 256

struct firn_worker {
	pid_t pid;
	int pidfd;
	char case_id[FIRN_CASE_ID];
};

struct firn_crew {
	struct firn_worker workers[FIRN_CREW_MAX];
	size_t n;
	int keep_from[4]; /* descriptors that are not for the workers; -1 */
};

/* firn_crew_start(crew, work, err) -- work it in a process of its own; ours
 * gives up its diary, and so the lock. */
FIRN_MUST_CHECK int firn_crew_start(struct firn_crew *crew,
				    struct firn_work *work,
				    struct firn_err *err);

/* firn_crew_resume(crew, runner, id, err) -- the same with a case that is to be
 * gone on with. */
FIRN_MUST_CHECK int firn_crew_resume(struct firn_crew *crew,
				     const struct firn_runner *runner,
				     const char *id, struct firn_err *err);

/* firn_crew_poll(crew, fds) -- one for each of them; returns how many. */
size_t firn_crew_poll(const struct firn_crew *crew, struct pollfd *fds);

/* firn_crew_ended(crew, ret) -- one that has ended; its case.  False when there
 * is none. */
bool firn_crew_ended(struct firn_crew *crew, char ret[FIRN_CASE_ID]);

#endif
