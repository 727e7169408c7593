#ifndef CMD_PERMIT_H
#define CMD_PERMIT_H

/*
 * permit -- no command acts, or looks, unless the policy says so.
 */

#include "cmd.h"
#include "firn/policy.h"

/*
 * firn_scene_permitted(scene, command, common, roles, err) -- may all of this
 * be done to its target?  `roles` is of enum firn_role.
 *
 * The answer is in the audit log then; with --dry-run nothing is written. EPERM
 * if it may not, or not yet, with the reason and the rule; where it is two
 * persons' matter, with the command for the second.  With several roles,
 * nothing is used up unless all may be done.
 */
FIRN_MUST_CHECK int firn_scene_permitted(struct firn_scene *scene,
					 const char *command,
					 const struct firn_common *common,
					 unsigned roles, struct firn_err *err);

/* firn_scene_permitted_any() -- the same for any container at all: only to
 * look. */
FIRN_MUST_CHECK int firn_scene_permitted_any(struct firn_scene *scene,
					     const char *command,
					     const struct firn_common *common,
					     unsigned roles,
					     struct firn_err *err);

/* firn_scene_permitted_pod() -- the same, and for each container that a cut of
 * the whole pod cuts, too. */
FIRN_MUST_CHECK int firn_scene_permitted_pod(struct firn_scene *scene,
					     const char *command,
					     const struct firn_common *common,
					     unsigned roles,
					     struct firn_err *err);

/* firn_scene_permitted_id(scene, command, common, roles, id, err) -- the same
 * for a container that may be gone. */
FIRN_MUST_CHECK int firn_scene_permitted_id(struct firn_scene *scene,
					    const char *command,
					    const struct firn_common *common,
					    unsigned roles, const char *id,
					    struct firn_err *err);

/*
 * firn_policy_asked(ret, command, common, who, target, err) -- the policy, for
 * what can't be done without one, whatever the emergency.
 *
 * If it can't be read, that is a refusal: EPERM, which is in the audit log then
 * (not with --dry-run).  `target` is NULL for none.
 */
FIRN_MUST_CHECK int firn_policy_asked(struct firn_policy **ret,
				      const char *command,
				      const struct firn_common *common,
				      const struct firn_party *who,
				      const struct firn_target *target,
				      struct firn_err *err);

/*
 * firn_scene_would(scene, command, common, roles, result, err) -- what the
 * answer would be: "permission" of the result, an array of {"role", "verdict",
 * "why", "rule"}.
 *
 * Returns 1 if all would be allowed, or 0.
 */
FIRN_MUST_CHECK int firn_scene_would(struct firn_scene *scene,
				     const char *command,
				     const struct firn_common *common,
				     unsigned roles, json_t *result,
				     struct firn_err *err);

/* firn_show_permission(out, result) -- the rows of that. */
void firn_show_permission(FILE *out, const json_t *result);

/* firn_scene_may_look(scene, common, what, ret, err) -- may it be seen in a
 * list? */
FIRN_MUST_CHECK int firn_scene_may_look(struct firn_scene *scene,
					const struct firn_common *common,
					const struct firn_traits *what,
					bool *ret, struct firn_err *err);

/*
 * firn_scene_settled(scene, self, status) -- at the end of a command: what was
 * recorded is made to last.  Returns `status`, or if it was to be 0,
 * FIRN_EXIT_GAPS where the record has one.
 */
enum firn_exit firn_scene_settled(const struct firn_scene *scene,
				  const struct firn_cmd *self,
				  enum firn_exit status);

#endif
