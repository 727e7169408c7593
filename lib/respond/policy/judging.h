#ifndef POLICY_JUDGING_H
#define POLICY_JUDGING_H

/*
 * judging -- one question, and what is said to it.
 */

#include <stdbool.h>

#include "firn/policy.h"
#include "respond/policy/rules.h"

struct firn_judging {
	const struct firn_policy *policy;
	const struct firn_question *question;
	struct firn_decision *ret;
	char who[96];  /* "alice", "source falco" */
	char what[96]; /* "container web-1" */
	char does[16]; /* "look at", "freeze" */
};

/* firn_judge(policy, who, question, ret) -- begin; `who` is whom it is about.
 * Clears `*ret`. */
struct firn_judging firn_judge(const struct firn_policy *policy,
			       const struct firn_party *who,
			       const struct firn_question *question,
			       struct firn_decision *ret);

/* firn_speak(judging, verdict, place, fmt, ...) -- what was decided, by the
 * rule at a place (NULL: by none).  Returns true, always. */
bool firn_speak(const struct firn_judging *judging, enum firn_verdict verdict,
		const struct firn_place *place, const char *fmt, ...)
	FIRN_PRINTF(4, 5);

/* --- the steps that have a file of their own: true if they have spoken -----
 */

/* firn_is_not_granted(judging) -- no rule of the party gives the role over the
 * target.  One that does is said in `ret`, too: for nobody to object to. */
bool firn_is_not_granted(const struct firn_judging *judging);

/* firn_is_too_much(judging) -- limits. */
bool firn_is_too_much(const struct firn_judging *judging);

/* firn_needs_second(judging) -- a second person. */
bool firn_needs_second(const struct firn_judging *judging);

/* firn_find_grant(policy, who, role, what, ret_other) -- the rule that gives
 * the role over the target, or NULL; then `*ret_other` is one that gives it
 * over others, or NULL. */
const struct firn_grant *firn_find_grant(const struct firn_policy *policy,
					 const struct firn_party *who,
					 enum firn_role role,
					 const struct firn_traits *what,
					 const struct firn_grant **ret_other);

#endif
