#include "respond/policy/judging.h"

/*
 * second -- what takes a second person, and who that may be.
 */

const struct firn_second *
firn_policy_second(const struct firn_policy *policy, enum firn_role role,
		   const struct firn_traits *what)
{
	for (size_t i = 0; i < policy->n_seconds; i++)
		if ((policy->seconds[i].may & role) != 0 &&
		    firn_patterns_fit(&policy->seconds[i].targets, what,
				      NULL) != FIRN_FITS_NOT)
			return &policy->seconds[i];
	return NULL;
}

bool
firn_needs_second(const struct firn_judging *judging)
{
	const struct firn_second *second =
		firn_policy_second(judging->policy, judging->question->role,
				   judging->question->what);

	if (second == NULL)
		return false;
	judging->ret->within_s = second->within_s;
	return firn_speak(judging, FIRN_NEEDS_APPROVAL, &second->place,
			  "%s may %s %s once a second person has said yes",
			  judging->who, judging->does, judging->what);
}

/* --- who the second person may be -----------------------------------------
 */

/* Also if a source asked, and it is this user's. */
static bool
is_who_asked(const struct firn_policy *policy,
	     const struct firn_party *approver, const struct firn_party *asker)
{
	const struct firn_source *source;

	if (!asker->is_source)
		return approver->uid == asker->uid;
	source = firn_policy_source(policy, asker->name);
	return source != NULL && firn_source_is_of(source, approver->name);
}

/* `by`; without it, whoever may do the same. */
static bool
is_a_second(const struct firn_policy *policy, const struct firn_second *second,
	    const struct firn_party *approver,
	    const struct firn_question *question)
{
	const struct firn_grant *other;

	if (second != NULL &&
	    (second->by.users.n > 0 || second->by.groups.n > 0))
		return firn_is_of(&second->by, approver);
	return !policy->says_who ||
	       firn_find_grant(policy, approver, question->role, question->what,
			       &other) != NULL;
}

void
firn_policy_may_approve(const struct firn_policy *policy,
			const struct firn_party *approver,
			const struct firn_question *question,
			struct firn_decision *ret)
{
	const struct firn_second *second =
		firn_policy_second(policy, question->role, question->what);
	const struct firn_judging judging =
		firn_judge(policy, approver, question, ret);
	const struct firn_place *place = second != NULL ? &second->place : NULL;

	if (approver->is_source || approver->name == NULL)
		firn_speak(&judging, FIRN_DENIED, place,
			   "%s can't be the second person", judging.who);
	else if (is_who_asked(policy, approver, question->who))
		firn_speak(&judging, FIRN_DENIED, place,
			   "%s asked for it and can't be the second person",
			   judging.who);
	else if (!is_a_second(policy, second, approver, question))
		firn_speak(&judging, FIRN_DENIED, place,
			   "%s is none of those who may say yes to %s %s",
			   judging.who, judging.does, judging.what);
	else
		firn_speak(&judging, FIRN_ALLOWED, place,
			   "%s may say yes to %s %s", judging.who, judging.does,
			   judging.what);
}
