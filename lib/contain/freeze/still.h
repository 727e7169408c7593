#ifndef CONTAIN_FREEZE_STILL_H
#define CONTAIN_FREEZE_STILL_H

/*
 * still -- does all of the container stand still, by all we know?
 */

#include "contain/freeze/freezer.h"

struct firn_still {
	bool confirmed[FIRN_N_HIERARCHIES]; /* by the kernel, of the cgroup */
	bool all;                           /* every thread is frozen */
	size_t n_processes, n_threads;
	json_t *unfrozen; /* as firn_unfrozen() has it, or NULL */
	size_t n_unfrozen;
	struct firn_err why; /* the threads could not all be looked at */
};

/*
 * firn_still_judge(still, target) -- fill in the rest behind `confirmed`.
 *
 * A thread is frozen by one freezer's word for a whole cgroup that it is in.
 * Threads that no such cgroup has are looked at one by one: those of a cgroup
 * that isn't confirmed, and those that v1 lets go astray, since its FROZEN
 * says nothing of a thread of the process that was moved elsewhere.
 */
void firn_still_judge(struct firn_still *still,
		      const struct firn_target *target);
void firn_still_free(struct firn_still *still);

#endif
