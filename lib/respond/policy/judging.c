#include "respond/policy/judging.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

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
set_rule(const struct firn_judging *judging, const struct firn_place *place)
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

bool
firn_speak(const struct firn_judging *judging, enum firn_verdict verdict,
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

struct firn_judging
firn_judge(const struct firn_policy *policy, const struct firn_party *who,
	   const struct firn_question *question, struct firn_decision *ret)
{
	struct firn_judging judging = {
		.policy = policy,
		.question = question,
		.ret = ret,
	};

	*ret = (struct firn_decision){ 0 };
	name_who(who, judging.who, sizeof(judging.who));
	name_what(question->what, judging.what, sizeof(judging.what));
	snprintf(judging.does, sizeof(judging.does), "%s%s",
		 firn_role_name(question->role),
		 question->role == FIRN_ROLE_LOOK ? " at" : "");
	return judging;
}
