#include "respond/policy/judging.h"

/*
 * limits -- how much at most, so that alerts can't stop production.
 */

#define HOUR_S 3600

static bool
is_limited(const struct firn_policy *policy, const struct firn_party *who,
	   enum firn_role role)
{
	return role != FIRN_ROLE_LOOK &&
	       (who->is_source || policy->limits.people);
}

unsigned
firn_policy_counts(const struct firn_policy *policy,
		   const struct firn_party *who, enum firn_role role)
{
	const struct firn_limits *limits = &policy->limits;
	unsigned counts = 0;

	if (!is_limited(policy, who, role))
		return 0;
	if (limits->freezes_hour >= 0 || limits->freezes_hour_service >= 0)
		counts |= FIRN_COUNT_FREEZES;
	if (limits->stopped_share >= 0)
		counts |= FIRN_COUNT_REPLICAS;
	return counts;
}

static bool
has_frozen_enough(const struct firn_judging *judging,
		  const struct firn_counts *counts)
{
	const struct firn_limits *limits = &judging->policy->limits;

	judging->ret->wait_s = HOUR_S;
	if (limits->freezes_hour >= 0 &&
	    counts->freezes_hour >= (unsigned long)limits->freezes_hour)
		return firn_speak(
			judging, FIRN_DENIED, &limits->freezes_at,
			"%u freezes in the last hour on this node, and "
			"freezes-per-hour is %ld: %s may not %s %s now",
			counts->freezes_hour, limits->freezes_hour,
			judging->who, judging->does, judging->what);
	if (limits->freezes_hour_service >= 0 &&
	    counts->freezes_hour_service >=
		    (unsigned long)limits->freezes_hour_service)
		return firn_speak(
			judging, FIRN_DENIED, &limits->service_at,
			"%u freezes of its service in the last hour, and "
			"freezes-per-hour-and-service is %ld: %s may not "
			"%s %s now",
			counts->freezes_hour_service,
			limits->freezes_hour_service, judging->who,
			judging->does, judging->what);
	judging->ret->wait_s = 0;
	return false;
}

static bool
has_stopped_enough(const struct firn_judging *judging,
		   const struct firn_counts *counts)
{
	const struct firn_limits *limits = &judging->policy->limits;
	unsigned long long all = counts->replicas, stopped;

	if (limits->stopped_share < 0)
		return false;
	stopped = (unsigned long long)counts->replicas_stopped + 1;
	if (all <= 1)
		return !limits->stops_single &&
		       firn_speak(
			       judging, FIRN_DENIED, &limits->share_at,
			       "%s is the only replica of its service here, "
			       "and "
			       "stopped-share is %ld%% (single-replica: allow "
			       "would let %s %s it)",
			       judging->what, limits->stopped_share,
			       judging->who, judging->does);
	if (stopped * 100 <= all * (unsigned long)limits->stopped_share)
		return false;
	return firn_speak(
		judging, FIRN_DENIED, &limits->share_at,
		"with %s, %llu of %llu replicas of its service here would "
		"be stopped, and stopped-share is %ld%%",
		judging->what, stopped, all, limits->stopped_share);
}

bool
firn_is_too_much(const struct firn_judging *judging)
{
	const struct firn_question *question = judging->question;
	const struct firn_counts *counts = question->counts;

	if (question->undo || firn_policy_counts(judging->policy, question->who,
						 question->role) == 0)
		return false;
	if (counts == NULL)
		return firn_speak(
			judging, FIRN_DENIED, NULL,
			"there are limits, and what happened lately isn't "
			"known: %s may not %s %s",
			judging->who, judging->does, judging->what);
	return !counts->already_stopped &&
	       (has_frozen_enough(judging, counts) ||
		has_stopped_enough(judging, counts));
}
