#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firn/permit.h"
#include "respond/policy/permit_record.h"

/*
 * break_glass -- past the policy, in an emergency.
 */

static int
may_break(const struct firn_permit *permit, const char *reason,
	  struct firn_err *err)
{
	if (permit->who->is_source || geteuid() != 0)
		return firn_err_set(err, EPERM,
				    "the glass is broken by a person who runs "
				    "firn as root, not by others");
	if (reason[0] == '\0' || strlen(reason) > FIRN_REASON_MAX)
		return firn_err_set(err, EINVAL,
				    "a reason for breaking the glass has 1 to "
				    "%d bytes",
				    FIRN_REASON_MAX);
	if (permit->policy != NULL && !firn_policy_break_glass(permit->policy))
		return firn_err_set(err, EPERM,
				    "the policy says break-glass: false");
	return 0;
}

int
firn_may_break_glass(const struct firn_permit *permit, enum firn_role role,
		     const struct firn_traits *what, const char *reason,
		     bool forced, struct firn_decision *ret,
		     struct firn_err *err)
{
	struct firn_decision ordinary = { 0 };

	if (may_break(permit, reason, err) < 0)
		return -1;
	if (permit->policy != NULL &&
	    firn_would_permit(permit, role, what, &ordinary, err) < 0)
		return -1;
	if (ordinary.never_touched && !forced)
		return firn_err_set(err, EPERM,
				    "%s (%s): not by --break-glass alone; with "
				    "--force it is done",
				    ordinary.why, ordinary.rule);
	*ret = (struct firn_decision){ .verdict = FIRN_ALLOWED };
	snprintf(ret->rule, sizeof(ret->rule), "break-glass");
	snprintf(ret->why, sizeof(ret->why), "past the policy%s%.300s",
		 ordinary.why[0] != '\0' ? ", which said: " : "", ordinary.why);
	return 0;
}

int
firn_break_glass(const struct firn_permit *permit, enum firn_role role,
		 const struct firn_traits *what, const char *reason,
		 bool forced, struct firn_decision *ret, struct firn_err *err)
{
	const struct firn_more more = { .reason = reason, .forced = forced };
	struct firn_err unrecorded = { 0 };

	if (firn_may_break_glass(permit, role, what, reason, forced, ret,
				 err) == 0)
		return firn_permit_record(permit, role, what, ret, &more, NULL,
					  err);
	*ret = (struct firn_decision){ .verdict = FIRN_DENIED };
	snprintf(ret->rule, sizeof(ret->rule), "break-glass");
	snprintf(ret->why, sizeof(ret->why), "%.380s", err->text);
	/* It isn't done, recorded or not. */
	if (firn_permit_record(permit, role, what, ret, &more, NULL,
			       &unrecorded) < 0)
		return firn_err_in(err, "%s", unrecorded.text);
	return -1;
}
