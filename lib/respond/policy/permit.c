#include "firn/permit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/approval.h"
#include "respond/policy/counts.h"
#include "respond/policy/known_as.h"
#include "respond/policy/permit_record.h"
#include "respond/policy/rules.h"

/* What is asked, and what was counted for it before. */
struct asking {
	const struct firn_permit *permit;
	enum firn_role role;
	const struct firn_traits *what;
	unsigned needed;  /* of enum firn_count */
	json_t *replicas; /* or NULL */
};

static void
asking_end(struct asking *asking)
{
	json_decref(asking->replicas);
}

/* --- deciding -------------------------------------------------------------
 */

/* What takes longest, while nobody waits for us. */
static int
prepare(struct asking *asking, struct firn_err *err)
{
	const struct firn_permit *permit = asking->permit;

	if (!permit->undo)
		asking->needed = firn_policy_counts(permit->policy, permit->who,
						    asking->role);
	if (!(asking->needed & FIRN_COUNT_REPLICAS))
		return 0;
	return firn_count_replicas(permit->host, asking->what,
				   &asking->replicas, err);
}

static int
count(struct asking *asking, struct firn_counts *ret, struct firn_err *err)
{
	char key[FIRN_ACT_KEY];
	const struct firn_act act = {
		.id = asking->what->id,
		.key = firn_act_key(asking->permit, key),
	};

	return firn_count(asking->needed, asking->what, &act, asking->replicas,
			  ret, err);
}

/* Whoever stopped it last in this way may let it go, so that what a crash left
 * behind can always be undone. */
static int
allow_own(const struct asking *asking, struct firn_decision *ret,
	  struct firn_err *err)
{
	unsigned did = asking->role == FIRN_ROLE_FREEZE
			       ? FIRN_ROLE_FREEZE | FIRN_ROLE_CAPTURE
			       : asking->role;
	autodone(firn_party_free) struct firn_party last = { 0 };
	autojson json_t *line = NULL;
	int found = firn_permit_last(asking->what->id, did, &line, err);

	if (found <= 0)
		return found;
	if (firn_party_recorded(json_object_get(line, "who"), &last, err) < 0)
		return -1;
	if (!firn_party_same(&last, asking->permit->who))
		return 0;
	*ret = (struct firn_decision){ .verdict = FIRN_ALLOWED };
	snprintf(ret->why, sizeof(ret->why),
		 "it undoes what it did itself, by line %lld of the audit log",
		 (long long)json_integer_value(json_object_get(line, "seq")));
	snprintf(ret->rule, sizeof(ret->rule), "what one did, one may undo");
	return 0;
}

static int
decide(struct asking *asking, struct firn_decision *ret, struct firn_err *err)
{
	struct firn_counts counts = { 0 };
	const struct firn_question question = {
		.who = asking->permit->who,
		.role = asking->role,
		.what = asking->what,
		.counts = &counts,
		.when = firn_now().tv_sec,
		.undo = asking->permit->undo,
	};

	if (asking->needed != 0 && count(asking, &counts, err) < 0)
		return -1;
	firn_policy_decide(asking->permit->policy, &question, ret);
	if (asking->permit->undo && !asking->permit->beyond &&
	    ret->verdict == FIRN_DENIED)
		return allow_own(asking, ret, err);
	return 0;
}

/* --- the second person ----------------------------------------------------
 */

static void
add_why(struct firn_decision *decision, const char *text)
{
	size_t len = strlen(decision->why);

	snprintf(decision->why + len, sizeof(decision->why) - len, "%s", text);
}

static int
ask_second(const struct asking *asking, struct firn_decision *ret,
	   char ret_id[FIRN_APPROVAL_ID], struct firn_err *err)
{
	const struct firn_permit *permit = asking->permit;
	char text[FIRN_APPROVAL_ID + 24];
	bool used = false;

	/* The same for one that was used up: asking finds its name. */
	if (firn_approval_use(permit->who, asking->role, asking->what, &used,
			      err) < 0)
		return -1;
	if (used) {
		ret->verdict = FIRN_ALLOWED;
		add_why(ret, ", who did");
		return firn_approval_id(permit->who, asking->role, asking->what,
					ret_id, err);
	}
	if (firn_approval_ask(permit->who, asking->role, asking->what,
			      permit->case_id, ret_id, err) < 0)
		return -1;
	snprintf(text, sizeof(text), ": firn approve %s", ret_id);
	add_why(ret, text);
	return 0;
}

/* --- the answer -----------------------------------------------------------
 */

int
firn_permitted_as(const struct firn_permit *permit, enum firn_role role,
		  const struct firn_traits *what, struct firn_decision *ret,
		  struct firn_err *err)
{
	autodone(asking_end) struct asking asking = {
		.permit = permit,
		.role = role,
		.what = what,
	};
	autodone(firn_audit_close) struct firn_audit *audit = NULL;
	char id[FIRN_APPROVAL_ID];
	struct firn_more more = { 0 };

	if (prepare(&asking, err) < 0)
		return -1;
	/* Between the count and the line nobody else may count. */
	if (asking.needed != 0 && firn_audit_open(&audit, err) < 0)
		return -1;
	if (decide(&asking, ret, err) < 0)
		return -1;
	if (ret->verdict == FIRN_NEEDS_APPROVAL) {
		firn_audit_close(&audit); /* requests have lines of their own */
		if (ask_second(&asking, ret, id, err) < 0)
			return -1;
		more.approval = id;
	}
	return firn_permit_record(permit, role, what, ret, &more, audit, err);
}

int
firn_permitted(const struct firn_permit *permit, enum firn_role role,
	       const struct firn_target *target, struct firn_decision *ret,
	       struct firn_err *err)
{
	struct firn_traits what;

	firn_target_traits(target, &what);
	return firn_permitted_as(permit, role, &what, ret, err);
}

int
firn_would_permit(const struct firn_permit *permit, enum firn_role role,
		  const struct firn_traits *what, struct firn_decision *ret,
		  struct firn_err *err)
{
	autodone(asking_end) struct asking asking = {
		.permit = permit,
		.role = role,
		.what = what,
	};
	bool given = false;

	if (prepare(&asking, err) < 0 || decide(&asking, ret, err) < 0)
		return -1;
	if (ret->verdict != FIRN_NEEDS_APPROVAL)
		return 0;
	if (firn_approval_given(permit->who, role, what, &given, err) < 0)
		return -1;
	if (given) {
		ret->verdict = FIRN_ALLOWED;
		add_why(ret, ", who did");
	}
	return 0;
}

int
firn_gone_traits(const char *id, json_t **ret_kept, struct firn_traits *ret,
		 struct firn_err *err)
{
	autojson json_t *line = NULL;

	if (firn_permit_last(id, FIRN_ALL_ROLES, &line, err) < 0)
		return -1;
	*ret_kept = json_incref(firn_json_at(line, "details", "target", NULL));
	firn_traits_recorded(*ret_kept, ret);
	ret->id = id;
	return 0;
}
