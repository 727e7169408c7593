#include "base/auto.h"
#include "base/clock.h"
#include "firn/policy.h"
#include "firn/traits.h"
#include "respond/cases/work.h"

/*
 * foretell -- what the policy would say.
 */

/* Of the target, and of those who are cut with it. */
static int
would(const struct firn_permit *permit, enum firn_role role,
      struct firn_target *target, bool cuts_pod, struct firn_decision *ret,
      struct firn_err *err)
{
	struct firn_traits traits;

	firn_target_traits(target, &traits);
	if (firn_would_permit(permit, role, &traits, ret, err) < 0)
		return -1;
	return ret->verdict == FIRN_ALLOWED && role == FIRN_ROLE_ISOLATE &&
			       cuts_pod
		       ? firn_pod_would(permit, target, ret, err)
		       : 0;
}

int
firn_work_foretell(const struct firn_runner *runner, struct firn_target *target,
		   const struct firn_playbook *playbook,
		   const struct firn_party *who, json_t **ret,
		   struct firn_err *err)
{
	autojson json_t *roles = json_array();
	unsigned needed = firn_playbook_roles(playbook);
	const struct firn_permit permit = {
		.policy = runner->policy,
		.host = runner->host,
		.who = who,
		.command = "respond --dry-run",
	};

	for (unsigned role = 1; role < 1u << FIRN_N_ROLES; role <<= 1) {
		struct firn_decision said = { 0 };

		if ((needed & role) == 0)
			continue;
		if (would(&permit, (enum firn_role)role, target,
			  firn_playbook_cuts_pod(playbook), &said, err) < 0)
			return -1;
		json_array_append_new(
			roles,
			json_pack("{s:s, s:s, s:s, s:s}", "role",
				  firn_role_name((enum firn_role)role),
				  "verdict", firn_verdict_name(said.verdict),
				  "why", said.why, "rule", said.rule));
	}
	*ret = firn_steal(roles);
	return 0;
}
