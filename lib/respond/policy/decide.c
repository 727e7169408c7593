#include "respond/policy/judging.h"
#include "respond/policy/quiet.h"

/*
 * decide -- the steps of a decision, in their order.
 */

static bool
makes_no_sense(const struct firn_judging *judging)
{
	unsigned role = judging->question->role;

	if ((role & FIRN_ALL_ROLES) != role || role == 0 ||
	    (role & (role - 1)) != 0)
		return firn_speak(judging, FIRN_DENIED, NULL,
				  "what is asked for is none of the roles");
	if (judging->question->what == NULL && role != FIRN_ROLE_LOOK)
		return firn_speak(judging, FIRN_DENIED, NULL,
				  "no container is named to %s", judging->does);
	return false;
}

static bool
is_never_touched(const struct firn_judging *judging)
{
	const struct firn_pattern *which;
	enum firn_fit fit;

	if (judging->question->role == FIRN_ROLE_LOOK ||
	    judging->question->undo || judging->policy->never.n == 0)
		return false;
	fit = firn_patterns_fit(&judging->policy->never,
				judging->question->what, &which);
	judging->ret->never_touched = fit != FIRN_FITS_NOT;
	if (fit == FIRN_FITS)
		return firn_speak(judging, FIRN_DENIED, &which->place,
				  "%s is never touched, by anybody",
				  judging->what);
	if (fit == FIRN_FITS_PERHAPS)
		return firn_speak(
			judging, FIRN_DENIED, &which->place,
			"%s may be one that is never touched: what the rule "
			"asks for isn't known of it",
			judging->what);
	return false;
}

static bool
is_quiet(const struct firn_judging *judging)
{
	const struct firn_question *question = judging->question;

	if (!question->who->is_source || question->role == FIRN_ROLE_LOOK ||
	    question->undo)
		return false;
	for (size_t i = 0; i < judging->policy->n_quiet; i++) {
		const struct firn_quiet *quiet = &judging->policy->quiet[i];
		unsigned left_s = firn_quiet_left(quiet, question->when);

		if (left_s == 0 || (quiet->may & question->role) != 0)
			continue;
		judging->ret->wait_s = left_s;
		return firn_speak(judging, FIRN_DENIED, &quiet->place,
				  "in these quiet hours alerts don't %s by "
				  "themselves (%s, %s)",
				  judging->does, judging->who, judging->what);
	}
	return false;
}

static bool
is_dry_run(const struct firn_judging *judging)
{
	const struct firn_party *who = judging->question->who;
	const struct firn_source *source;
	struct firn_place place;

	if (!who->is_source || judging->question->role == FIRN_ROLE_LOOK)
		return false;
	source = firn_policy_source(judging->policy, who->name);
	if (source == NULL || !source->dry_run)
		return false;
	place = (struct firn_place){ source->line, source->column };
	return firn_speak(judging, FIRN_ONLY_RECORDED, &place,
			  "%s may %s %s, but runs dry: it is only recorded",
			  judging->who, judging->does, judging->what);
}

void
firn_policy_decide(const struct firn_policy *policy,
		   const struct firn_question *question,
		   struct firn_decision *ret)
{
	static bool (*const steps[])(const struct firn_judging *) = {
		makes_no_sense,    is_never_touched, firn_is_not_granted,
		is_quiet,          firn_is_too_much, is_dry_run,
		firn_needs_second,
	};
	const struct firn_judging judging =
		firn_judge(policy, question->who, question, ret);

	/* What nobody objects to is what firn_is_not_granted() has allowed. */
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i](&judging))
			return;
}
