#include <string.h>

#include "respond/policy/judging.h"

/*
 * grant -- who is given what.
 */

/* To look at no container in particular, any will do. */
static bool
is_over(const struct firn_grant *grant, const struct firn_traits *what)
{
	return what == NULL ||
	       firn_patterns_fit(&grant->targets, what, NULL) == FIRN_FITS;
}

const struct firn_grant *
firn_find_grant(const struct firn_policy *policy, const struct firn_party *who,
		enum firn_role role, const struct firn_traits *what,
		const struct firn_grant **ret_other)
{
	const struct firn_grant *all =
		who->is_source ? policy->rights : policy->responders;
	size_t n = who->is_source ? policy->n_sources : policy->n_responders;

	*ret_other = NULL;
	for (size_t i = 0; who->name != NULL && i < n; i++) {
		bool own = who->is_source ? strcmp(policy->sources[i].name,
						   who->name) == 0
					  : firn_is_of(&all[i].people, who);

		if (!own || (all[i].may & role) == 0)
			continue;
		if (is_over(&all[i], what))
			return &all[i];
		*ret_other = &all[i];
	}
	return NULL;
}

/* Why a rule that gives the role doesn't here. */
static const char *
why_not(const struct firn_judging *judging, const struct firn_grant *grant)
{
	return firn_patterns_fit(&grant->targets, judging->question->what,
				 NULL) == FIRN_FITS_PERHAPS
		       ? "what its targets ask for isn't known of it"
		       : "its targets don't have it";
}

static bool
deny_source(const struct firn_judging *judging, const struct firn_grant *other)
{
	const struct firn_source *source =
		firn_policy_source(judging->policy,
				   judging->question->who->name);
	struct firn_place place;

	if (source == NULL)
		return firn_speak(judging, FIRN_DENIED, NULL,
				  "%s is not among the sources of the policy: "
				  "its alerts are only recorded",
				  judging->who);
	place = (struct firn_place){ source->line, source->column };
	if (other != NULL)
		return firn_speak(judging, FIRN_DENIED, &place,
				  "the rule of %s lets it %s, but not %s: %s",
				  judging->who, judging->does, judging->what,
				  why_not(judging, other));
	return firn_speak(judging, FIRN_DENIED, &place,
			  "%s may not %s %s: its rule doesn't say so",
			  judging->who, judging->does, judging->what);
}

static bool
deny_person(const struct firn_judging *judging, const struct firn_grant *other)
{
	if (other != NULL)
		return firn_speak(judging, FIRN_DENIED, &other->place,
				  "this rule lets %s %s, but not %s: %s",
				  judging->who, judging->does, judging->what,
				  why_not(judging, other));
	return firn_speak(judging, FIRN_DENIED, NULL,
			  "%s may not %s %s: it takes a rule in responders, as "
			  "{users: [%s], may: [%s]}",
			  judging->who, judging->does, judging->what,
			  judging->who,
			  firn_role_name(judging->question->role));
}

bool
firn_is_not_granted(const struct firn_judging *judging)
{
	const struct firn_question *question = judging->question;
	const struct firn_grant *grant, *other;

	if (!question->who->is_source && !judging->policy->says_who) {
		firn_speak(judging, FIRN_ALLOWED, NULL,
			   "the policy names no responders: whoever runs firn "
			   "as root "
			   "may %s %s",
			   judging->does, judging->what);
		return false;
	}
	grant = firn_find_grant(judging->policy, question->who, question->role,
				question->what, &other);
	if (grant != NULL) {
		firn_speak(judging, FIRN_ALLOWED, &grant->place, "%s may %s %s",
			   judging->who, judging->does, judging->what);
		return false;
	}
	return question->who->is_source ? deny_source(judging, other)
					: deny_person(judging, other);
}
