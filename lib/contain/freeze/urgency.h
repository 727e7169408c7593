#ifndef CONTAIN_FREEZE_URGENCY_H
#define CONTAIN_FREEZE_URGENCY_H

/*
 * urgency -- go before everything else for a moment.
 *
 * A container that keeps a thousand threads awake leaves firn a thousandth of
 * a processor, just when it is about to stop them.
 */

#include <sched.h>
#include <stdbool.h>

struct firn_urgency {
	bool raised;
	int policy;
	struct sched_param param;
};

/*
 * firn_urgency_begin() -- run this thread as SCHED_FIFO; its children don't.
 * Where we may not, it goes on as it is.
 *
 * Source: sched(7).
 */
struct firn_urgency firn_urgency_begin(void);

/* firn_urgency_end(urgency) -- as before. */
void firn_urgency_end(struct firn_urgency *urgency);

#endif
