#include "contain/freeze/urgency.h"

struct firn_urgency
firn_urgency_begin(void)
{
	const struct sched_param first = { .sched_priority = 1 };
	struct firn_urgency urgency = { 0 };

	urgency.policy = sched_getscheduler(0);
	if (urgency.policy < 0 || sched_getparam(0, &urgency.param) < 0)
		return urgency;
	urgency.raised = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK,
					    &first) == 0;
	return urgency;
}

void
firn_urgency_end(struct firn_urgency *urgency)
{
	/* Can't fail: it gives up a privilege. */
	if (urgency->raised)
		sched_setscheduler(0, urgency->policy, &urgency->param);
	urgency->raised = false;
}
