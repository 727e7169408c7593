#include "firn/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "respond/policy/quiet.h"
#include "respond/policy/rules.h"

#define HOUR_S 3600

/* One question, and what is said to it.  Each step below answers true if it has
 * spoken. */
struct judging {
	const struct firn_policy *policy;
	const struct firn_question *question;
	struct firn_decision *ret;
	char who[96];  /* "alice", "source falco" */
	char what[96]; /* "container web-1" */
	char role[16];
};

/* --- words ----------------------------------------------------------------
 */

const char *
firn_verdict_name(enum firn_verdict verdict)
{
	static const char *const names[] = {
		[FIRN_ALLOWED] = "allowed",
		[FIRN_DENIED] = "denied",
		[FIRN_NEEDS_APPROVAL] = "needs approval",
		[FIRN_ONLY_RECORDED] = "only recorded",
	};

	return names[verdict];
}

static void
name_who(const struct firn_party *who, char *ret, size_t size)
{
	char name[64] = "";

	if (who->name != NULL)
		firn_escape_into(name, sizeof(name), who->name,
				 strnlen(who->name, sizeof(name)));
	if (who->name == NULL)
		snprintf(ret, size, "%s",
			 who->is_source ? "a sender that isn't known"
					: "nobody that is known");
	else
		snprintf(ret, size, "%s%s", who->is_source ? "source " : "",
			 name);
}

static void
name_what(const struct firn_traits *what, char *ret, size_t size)
{
	char name[160] = "", text[72] = "";

	if (what == NULL) {
		snprintf(ret, size, "containers");
		return;
	}
	if (what->pod_name != NULL)
		snprintf(name, sizeof(name), "%.40s/%.100s",
			 what->pod_namespace != NULL ? what->pod_namespace : "",
			 what->pod_name);
	else
		snprintf(name, sizeof(name), "%.150s",
			 what->name != NULL ? what->name : what->id);
	firn_escape_into(text, sizeof(text), name, strlen(name));
	snprintf(ret, size, "%s%s",
		 what->pod_name != NULL ? "pod " : "container ", text);
}

static void
set_rule(const struct judging *judging, const struct firn_place *place)
{
	const struct firn_policy *policy = judging->policy;
	char file[128];

	if (place == NULL) {
		snprintf(judging->ret->rule, sizeof(judging->ret->rule), "%s",
			 policy->file[0] != '\0' ? policy->file : "no policy");
		return;
	}
	firn_escape_into(file, sizeof(file), policy->file,
			 strlen(policy->file));
	snprintf(judging->ret->rule, sizeof(judging->ret->rule), "%s:%d:%d",
		 file, place->line, place->column);
}

/* What was decided, by the rule at a place (NULL: by none).  Returns true,
 * always. */
static bool FIRN_PRINTF(4, 5)
	say(const struct judging *judging, enum firn_verdict verdict,
	    const struct firn_place *place, const char *fmt, ...)
{
	struct firn_decision *ret = judging->ret;
	va_list args;

	ret->verdict = verdict;
	set_rule(judging, place);
	va_start(args, fmt);
	vsnprintf(ret->why, sizeof(ret->why), fmt, args);
	va_end(args);
	return true;
}

/* --- the steps ------------------------------------------------------------
 */

static bool
makes_no_sense(const struct judging *judging)
{
	unsigned role = judging->question->role;

	if ((role & FIRN_ALL_ROLES) != role || role == 0 ||
	    (role & (role - 1)) != 0)
		return say(judging, FIRN_DENIED, NULL,
			   "what is asked for is none of the roles");
	if (judging->question->what == NULL && role != FIRN_ROLE_LOOK)
		return say(judging, FIRN_DENIED, NULL,
			   "no container is named to %s", judging->role);
	return false;
}

static bool
is_never_touched(const struct judging *judging)
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
		return say(judging, FIRN_DENIED, &which->place,
			   "%s is never touched, by anybody", judging->what);
	if (fit == FIRN_FITS_PERHAPS)
		return say(judging, FIRN_DENIED, &which->place,
			   "%s may be one that is never touched: what the rule "
			   "asks for isn't known of it",
			   judging->what);
	return false;
}

/* To look at no container in particular, any will do. */
static bool
is_over(const struct firn_grant *grant, const struct firn_traits *what)
{
	return what == NULL ||
	       firn_patterns_fit(&grant->targets, what, NULL) == FIRN_FITS;
}

/* The rule that gives the role over the target; else `*ret_other` is one that
 * gives it over others, or NULL. */
static const struct firn_grant *
find_grant(const struct firn_policy *policy, const struct firn_party *who,
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

static bool
deny_source(const struct judging *judging, const struct firn_grant *other)
{
	const struct firn_source *source =
		firn_policy_source(judging->policy,
				   judging->question->who->name);
	struct firn_place place;

	if (source == NULL)
		return say(judging, FIRN_DENIED, NULL,
			   "%s is not among the sources of the policy: its "
			   "alerts are only recorded",
			   judging->who);
	place = (struct firn_place){ source->line, source->column };
	return say(judging, FIRN_DENIED, &place,
		   other != NULL ? "%s may %s, but not %s: its targets don't "
				   "have it"
				 : "%s may not %s: its rule doesn't say so "
				   "(%s)",
		   judging->who, judging->role, judging->what);
}

static bool
deny_person(const struct judging *judging, const struct firn_grant *other)
{
	if (other != NULL)
		return say(judging, FIRN_DENIED, &other->place,
			   "%s may %s, but not %s: it takes a rule in "
			   "responders whose targets have it",
			   judging->who, judging->role, judging->what);
	return say(judging, FIRN_DENIED, NULL,
		   "%s may not %s %s: it takes a rule in responders, as "
		   "{users: [%s], may: [%s]}",
		   judging->who, judging->role, judging->what, judging->who,
		   judging->role);
}

static bool
is_not_granted(const struct judging *judging)
{
	const struct firn_question *question = judging->question;
	const struct firn_grant *grant, *other;

	if (!question->who->is_source && !judging->policy->says_who) {
		say(judging, FIRN_ALLOWED, NULL,
		    "the policy names no responders: whoever runs firn as root "
		    "may %s %s",
		    judging->role, judging->what);
		return false;
	}
	grant = find_grant(judging->policy, question->who, question->role,
			   question->what, &other);
	if (grant != NULL) {
		say(judging, FIRN_ALLOWED, &grant->place, "%s may %s %s",
		    judging->who, judging->role, judging->what);
		return false;
	}
	return question->who->is_source ? deny_source(judging, other)
					: deny_person(judging, other);
}

static bool
is_quiet(const struct judging *judging)
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
		return say(judging, FIRN_DENIED, &quiet->place,
			   "in these quiet hours alerts don't %s by "
			   "themselves (%s, %s)",
			   judging->role, judging->who, judging->what);
	}
	return false;
}

/* --- limits ---------------------------------------------------------------
 */

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
has_frozen_enough(const struct judging *judging,
		  const struct firn_counts *counts)
{
	const struct firn_limits *limits = &judging->policy->limits;

	judging->ret->wait_s = HOUR_S;
	if (limits->freezes_hour >= 0 &&
	    counts->freezes_hour >= (unsigned long)limits->freezes_hour)
		return say(judging, FIRN_DENIED, &limits->freezes_at,
			   "%u freezes in the last hour on this node, and "
			   "freezes-per-hour is %ld: %s may not %s %s now",
			   counts->freezes_hour, limits->freezes_hour,
			   judging->who, judging->role, judging->what);
	if (limits->freezes_hour_service >= 0 &&
	    counts->freezes_hour_service >=
		    (unsigned long)limits->freezes_hour_service)
		return say(judging, FIRN_DENIED, &limits->service_at,
			   "%u freezes of its service in the last hour, and "
			   "freezes-per-hour-and-service is %ld: %s may not "
			   "%s %s now",
			   counts->freezes_hour_service,
			   limits->freezes_hour_service, judging->who,
			   judging->role, judging->what);
	judging->ret->wait_s = 0;
	return false;
}

static bool
has_stopped_enough(const struct judging *judging,
		   const struct firn_counts *counts)
{
	const struct firn_limits *limits = &judging->policy->limits;
	unsigned long long all = counts->replicas, stopped;

	if (limits->stopped_share < 0)
		return false;
	stopped = (unsigned long long)counts->replicas_stopped + 1;
	if (all <= 1)
		return !limits->stops_single &&
		       say(judging, FIRN_DENIED, &limits->share_at,
			   "%s is the only replica of its service here, and "
			   "stopped-share is %ld%% (single-replica: allow "
			   "would let %s %s it)",
			   judging->what, limits->stopped_share, judging->who,
			   judging->role);
	if (stopped * 100 <= all * (unsigned long)limits->stopped_share)
		return false;
	return say(judging, FIRN_DENIED, &limits->share_at,
		   "with %s, %llu of %llu replicas of its service here would "
		   "be stopped, and stopped-share is %ld%%",
		   judging->what, stopped, all, limits->stopped_share);
}

static bool
is_too_much(const struct judging *judging)
{
	const struct firn_question *question = judging->question;
	const struct firn_counts *counts = question->counts;

	if (question->undo || firn_policy_counts(judging->policy, question->who,
						 question->role) == 0)
		return false;
	if (counts == NULL)
		return say(judging, FIRN_DENIED, NULL,
			   "there are limits, and what happened lately isn't "
			   "known: %s may not %s %s",
			   judging->who, judging->role, judging->what);
	return !counts->already_stopped &&
	       (has_frozen_enough(judging, counts) ||
		has_stopped_enough(judging, counts));
}

/* --- dry run, and the second person ---------------------------------------
 */

static bool
is_dry_run(const struct judging *judging)
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
	return say(judging, FIRN_ONLY_RECORDED, &place,
		   "%s may %s %s, but runs dry: it is only recorded",
		   judging->who, judging->role, judging->what);
}

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

static bool
needs_second(const struct judging *judging)
{
	const struct firn_second *second =
		firn_policy_second(judging->policy, judging->question->role,
				   judging->question->what);

	if (second == NULL)
		return false;
	judging->ret->within_s = second->within_s;
	return say(judging, FIRN_NEEDS_APPROVAL, &second->place,
		   "%s may %s %s once a second person has said yes",
		   judging->who, judging->role, judging->what);
}

static struct judging
judge(const struct firn_policy *policy, const struct firn_party *who,
      const struct firn_question *question, struct firn_decision *ret)
{
	struct judging judging = {
		.policy = policy,
		.question = question,
		.ret = ret,
	};

	*ret = (struct firn_decision){ 0 };
	name_who(who, judging.who, sizeof(judging.who));
	name_what(question->what, judging.what, sizeof(judging.what));
	snprintf(judging.role, sizeof(judging.role), "%s",
		 firn_role_name(question->role));
	return judging;
}

void
firn_policy_decide(const struct firn_policy *policy,
		   const struct firn_question *question,
		   struct firn_decision *ret)
{
	static bool (*const steps[])(const struct judging *) = {
		makes_no_sense, is_never_touched, is_not_granted, is_quiet,
		is_too_much,    is_dry_run,       needs_second,
	};
	const struct judging judging =
		judge(policy, question->who, question, ret);

	/* What nobody objects to is what is_not_granted() has allowed. */
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i](&judging))
			return;
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
	for (size_t i = 0; source != NULL && i < source->n_credentials; i++)
		if (source->credentials[i].kind == FIRN_CREDENTIAL_UNIX &&
		    strcmp(source->credentials[i].value, approver->name) == 0)
			return true;
	return false;
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
	return !policy->says_who || find_grant(policy, approver, question->role,
					       question->what, &other) != NULL;
}

void
firn_policy_may_approve(const struct firn_policy *policy,
			const struct firn_party *approver,
			const struct firn_question *question,
			struct firn_decision *ret)
{
	const struct firn_second *second =
		firn_policy_second(policy, question->role, question->what);
	const struct judging judging = judge(policy, approver, question, ret);
	const struct firn_place *place = second != NULL ? &second->place : NULL;

	if (approver->is_source || approver->name == NULL)
		say(&judging, FIRN_DENIED, place,
		    "%s can't be the second person", judging.who);
	else if (is_who_asked(policy, approver, question->who))
		say(&judging, FIRN_DENIED, place,
		    "%s asked for it and can't be the second person",
		    judging.who);
	else if (!is_a_second(policy, second, approver, question))
		say(&judging, FIRN_DENIED, place,
		    "%s is none of those who may say yes to %s %s", judging.who,
		    judging.role, judging.what);
	else
		say(&judging, FIRN_ALLOWED, place, "%s may say yes to %s %s",
		    judging.who, judging.role, judging.what);
}
