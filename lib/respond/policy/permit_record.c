#include "respond/policy/permit_record.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "respond/policy/known_as.h"
#include "respond/policy/rules.h"

const char *
firn_act_key(const struct firn_permit *permit, char ret[FIRN_ACT_KEY])
{
	if (permit->case_id != NULL)
		return permit->case_id;
	snprintf(ret, FIRN_ACT_KEY, "process %d", (int)getpid());
	return ret;
}

/* --- writing --------------------------------------------------------------
 */

static const char *
action_of(const struct firn_decision *decision, const struct firn_more *more)
{
	return more->reason != NULL && decision->verdict == FIRN_ALLOWED
		       ? "break-glass"
		       : firn_verdict_name(decision->verdict);
}

static json_t *
details_of(const struct firn_permit *permit, enum firn_role role,
	   const struct firn_traits *what, const struct firn_decision *decision,
	   const struct firn_more *more)
{
	bool stops = decision->verdict == FIRN_ALLOWED && !permit->undo &&
		     role != FIRN_ROLE_LOOK;
	const char *digest = permit->policy != NULL
				     ? firn_policy_digest(permit->policy)
				     : "";
	json_t *json = json_object();
	char key[FIRN_ACT_KEY];

	firn_json_text(json, "command", permit->command);
	firn_json_text(json, "role", firn_role_name(role));
	if (permit->undo)
		json_object_set_new(json, "undo", json_true());
	if (stops)
		json_object_set_new(json, FIRN_AUDIT_STOPS, json_true());
	firn_json_text(json, "why", decision->why);
	firn_json_text(json, "rule", decision->rule);
	if (what != NULL)
		json_object_set_new(json, "target", firn_traits_record(what));
	firn_json_text(json, "act", firn_act_key(permit, key));
	firn_json_text(json, "case", permit->case_id);
	firn_json_text(json, "alert", permit->alert);
	firn_json_text(json, "approval", more->approval);
	firn_json_text(json, "reason", more->reason);
	if (more->forced)
		json_object_set_new(json, "forced", json_true());
	if (digest[0] != '\0')
		firn_json_text(json, "policy", digest);
	return json;
}

/* A person who looks leaves no line: that would be many, and say little. */
static bool
is_recorded(const struct firn_permit *permit, enum firn_role role,
	    const struct firn_decision *decision, const struct firn_more *more)
{
	return role != FIRN_ROLE_LOOK || permit->who->is_source ||
	       decision->verdict != FIRN_ALLOWED || more->reason != NULL;
}

int
firn_permit_record(const struct firn_permit *permit, enum firn_role role,
		   const struct firn_traits *what,
		   const struct firn_decision *decision,
		   const struct firn_more *more, struct firn_audit *audit,
		   struct firn_err *err)
{
	autojson json_t *who = NULL, *details = NULL;
	const char *action = action_of(decision, more);
	int done;

	if (!is_recorded(permit, role, decision, more))
		return 0;
	who = firn_party_json(permit->who);
	details = details_of(permit, role, what, decision, more);
	done = audit != NULL
		       ? firn_audit_append(audit, who, action, details, err)
		       : firn_audit_add(who, action, details, err);
	if (done == 0)
		return 0;
	firn_err_in(err, "what can't be recorded isn't done");
	return permit->undo && decision->verdict == FIRN_ALLOWED ? 1 : -1;
}

/* --- finding --------------------------------------------------------------
 */

static bool
is_one_of(const json_t *details, unsigned roles)
{
	const char *its = firn_json_string(details, "role", NULL);
	struct firn_err none = { 0 };
	enum firn_role role;

	return firn_role_recorded(its, &role, &none) == 0 &&
	       (roles & role) != 0;
}

int
firn_permit_last(const char *id, unsigned roles, json_t **ret,
		 struct firn_err *err)
{
	autojson json_t *lines = NULL;
	json_t *line;
	size_t i;

	if (firn_audit_recent(UINT_MAX, &lines, err) < 0)
		return -1;
	json_array_foreach(lines, i, line) {
		const json_t *details = json_object_get(line, "details");

		if (!firn_json_says(json_object_get(details, "target"), "id",
				    id) ||
		    !is_one_of(details, roles))
			continue;
		*ret = json_incref(line);
		return 1;
	}
	return 0;
}
