#include "permit.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/audit.h"
#include "firn/owners.h"
#include "firn/permit.h"

/* One question of a command. */
struct question {
	struct firn_scene *scene;
	const struct firn_common *common;
	struct firn_permit permit;
	const struct firn_traits *what;
};

/* --- who asks, and whom ---------------------------------------------------
 */

/* A policy that can't be read lets nobody do anything; but somebody may have
 * broken it on purpose, or at 3 a.m. */
static int
open_policy(struct firn_scene *scene, const struct firn_common *common,
	    struct firn_err *err)
{
	struct firn_err why = { 0 };

	if (firn_policy_open(&scene->policy, NULL, &why) == 0)
		return 0;
	if (common->break_glass == NULL)
		return firn_err_set(err, EPERM,
				    "not allowed while the policy can't be "
				    "read: %s; correct it (firn policy check), "
				    "or in an emergency say --break-glass "
				    "REASON",
				    why.text);
	firn_cmd_say(common, "the policy can't be read: %s", why.text);
	return 0;
}

static int
begin(struct question *question, const char *command, struct firn_err *err)
{
	struct firn_scene *scene = question->scene;

	if (!scene->has_asked &&
	    (firn_party_me(&scene->who, err) < 0 ||
	     open_policy(scene, question->common, err) < 0))
		return -1;
	scene->has_asked = true;
	question->permit = (struct firn_permit){
		.policy = scene->policy,
		.host = &scene->host,
		.who = &scene->who,
		.command = command,
		.case_id = scene->authority.case_id,
		.undo = scene->undo,
		.beyond = scene->beyond,
	};
	return 0;
}

/* --- one role -------------------------------------------------------------
 */

/* What the answer would be by the policy; one that can't be read denies. */
static int
by_policy(const struct question *question, enum firn_role role,
	  struct firn_decision *ret, struct firn_err *err)
{
	*ret = (struct firn_decision){ .verdict = FIRN_DENIED };
	return question->permit.policy == NULL
		       ? 0
		       : firn_would_permit(&question->permit, role,
					   question->what, ret, err);
}

/* And with the glass broken, if that is asked for. */
static int
would(const struct question *question, enum firn_role role,
      struct firn_decision *ret, struct firn_err *err)
{
	const char *reason = question->common->break_glass;

	if (by_policy(question, role, ret, err) < 0)
		return -1;
	if (reason == NULL || ret->verdict == FIRN_ALLOWED)
		return 0;
	return firn_may_break_glass(&question->permit, role, question->what,
				    reason, question->scene->forced, ret, err);
}

/* The glass is only broken where the policy doesn't allow it anyway. */
static int
ask_once(const struct question *question, enum firn_role role,
	 struct firn_decision *ret, struct firn_err *err)
{
	const char *reason = question->common->break_glass;

	if (question->common->dry_run)
		return would(question, role, ret, err);
	if (reason != NULL) {
		if (by_policy(question, role, ret, err) < 0)
			return -1;
		if (ret->verdict != FIRN_ALLOWED)
			return firn_break_glass(&question->permit, role,
						question->what, reason,
						question->scene->forced, ret,
						err);
	}
	return firn_permitted_as(&question->permit, role, question->what, ret,
				 err);
}

static int
ask(const struct question *question, enum firn_role role,
    struct firn_decision *ret, struct firn_err *err)
{
	struct firn_scene *scene = question->scene;
	int done = ask_once(question, role, ret, err);

	scene->is_recorded = !question->common->dry_run;
	if (done < 0)
		return -1;
	if (done == 1) {
		fprintf(stderr,
			"firn %s: done without a line in the audit "
			"log: %s\n",
			question->permit.command, err->text);
		scene->is_unrecorded = true;
		*err = (struct firn_err){ 0 };
	}
	return 0;
}

/* --- all of them ----------------------------------------------------------
 */

static enum firn_role
role_at(unsigned bit)
{
	return (enum firn_role)(1u << bit);
}

static int
refuse(const struct firn_decision *decision, struct firn_err *err)
{
	return firn_err_set(err, EPERM, "%s (%s): %s",
			    decision->verdict == FIRN_NEEDS_APPROVAL
				    ? "needs a second person"
				    : "not allowed",
			    decision->rule, decision->why);
}

/* Those that would not be allowed: 0 if it's none. */
static int
missing(const struct question *question, unsigned roles, unsigned *ret,
	struct firn_err *err)
{
	*ret = 0;
	for (unsigned bit = 0; bit < FIRN_N_ROLES; bit++) {
		struct firn_decision decision;

		if ((roles & role_at(bit)) == 0)
			continue;
		if (by_policy(question, role_at(bit), &decision, err) < 0)
			return -1;
		if (decision.verdict != FIRN_ALLOWED)
			*ret |= role_at(bit);
	}
	return 0;
}

/* What is denied is asked for as well: the record has it, and the second person
 * hears of it.  An approval is used up only where nothing else is missing. */
static int
ask_all(const struct question *question, unsigned roles, struct firn_err *err)
{
	bool several = (roles & (roles - 1)) != 0 &&
		       question->common->break_glass == NULL;
	struct firn_decision decision;
	struct firn_err no = { 0 };
	unsigned lacking = 0;

	if (several && missing(question, roles, &lacking, err) < 0)
		return -1;
	if (lacking != 0)
		roles = lacking;
	for (unsigned bit = 0; bit < FIRN_N_ROLES; bit++) {
		if ((roles & role_at(bit)) == 0)
			continue;
		if (ask(question, role_at(bit), &decision, err) < 0)
			return -1;
		if (decision.verdict == FIRN_ALLOWED)
			continue;
		/* The first reason stays in front. */
		if (no.code == 0)
			refuse(&decision, &no);
		else
			snprintf(no.text + strlen(no.text),
				 sizeof(no.text) - strlen(no.text), "; %s",
				 decision.why);
	}
	if (no.code == 0)
		return 0;
	*err = no;
	return -1;
}

/* By a policy that nobody could read; if that can't be recorded, it's refused
 * all the same. */
static bool
record_unread(const struct firn_party *party, const char *command,
	      const struct firn_traits *what, const struct firn_err *why)
{
	autojson json_t *who = firn_party_json(party);
	autojson json_t *details = json_object();
	struct firn_err ignored = { 0 };

	firn_json_text(details, "command", command);
	firn_json_text(details, "why", why->text);
	if (what != NULL)
		json_object_set_new(details, "target", firn_traits_json(what));
	return firn_audit_add(who, "denied", details, &ignored) == 0;
}

static int
permitted_as(struct firn_scene *scene, const char *command,
	     const struct firn_common *common, unsigned roles,
	     const struct firn_traits *what, struct firn_err *err)
{
	struct question question = {
		.scene = scene,
		.common = common,
		.what = what,
	};
	struct firn_err why = { 0 };

	if (begin(&question, command, err) < 0) {
		if (err->code == EPERM && !common->dry_run)
			scene->is_recorded =
				record_unread(&scene->who, command, what, err);
	} else if (ask_all(&question, roles, err) == 0) {
		return 0;
	}
	/* Nobody waits for a refusal. */
	if (scene->is_recorded && firn_audit_sync(&why) < 0)
		firn_cmd_say(common, "%s", why.text);
	return -1;
}

int
firn_policy_asked(struct firn_policy **ret, const char *command,
		  const struct firn_common *common,
		  const struct firn_party *who,
		  const struct firn_target *target, struct firn_err *err)
{
	struct firn_err why = { 0 };
	struct firn_traits what;

	if (firn_policy_open(ret, NULL, &why) == 0)
		return 0;
	firn_err_set(err, EPERM,
		     "not allowed while the policy can't be read: %s; correct "
		     "it (firn policy check)",
		     why.text);
	if (common->dry_run)
		return -1;
	if (target != NULL)
		firn_target_traits(target, &what);
	if (record_unread(who, command, target != NULL ? &what : NULL, err) &&
	    firn_audit_sync(&why) < 0)
		firn_cmd_say(common, "%s", why.text);
	return -1;
}

int
firn_scene_permitted(struct firn_scene *scene, const char *command,
		     const struct firn_common *common, unsigned roles,
		     struct firn_err *err)
{
	struct firn_traits what;

	firn_target_traits(scene->target, &what);
	return permitted_as(scene, command, common, roles, &what, err);
}

int
firn_scene_permitted_any(struct firn_scene *scene, const char *command,
			 const struct firn_common *common, unsigned roles,
			 struct firn_err *err)
{
	return permitted_as(scene, command, common, roles, NULL, err);
}

int
firn_scene_permitted_id(struct firn_scene *scene, const char *command,
			const struct firn_common *common, unsigned roles,
			const char *id, struct firn_err *err)
{
	autodone(firn_target_close) struct firn_target *target = NULL;
	autojson json_t *kept = NULL;
	struct firn_err gone = { 0 };
	struct firn_traits what;

	if (firn_target_open_forced(&target, &scene->host, id, &gone) == 0)
		firn_target_traits(target, &what);
	else if (firn_gone_traits(id, &kept, &what, err) < 0)
		return -1;
	return permitted_as(scene, command, common, roles, &what, err);
}

int
firn_scene_permitted_pod(struct firn_scene *scene, const char *command,
			 const struct firn_common *common, unsigned roles,
			 struct firn_err *err)
{
	autojson json_t *ids = NULL;
	const json_t *id;
	size_t i;

	if (firn_permit_pod(scene->target, &ids, err) < 0)
		return -1;
	json_array_foreach(ids, i, id) {
		if (firn_scene_permitted_id(scene, command, common,
					    FIRN_ROLE_ISOLATE,
					    json_string_value(id), err) < 0)
			return firn_err_in(err,
					   "it shares its network with %.12s",
					   json_string_value(id));
	}
	return firn_scene_permitted(scene, command, common, roles, err);
}

/* --- only saying ----------------------------------------------------------
 */

int
firn_scene_would(struct firn_scene *scene, const char *command,
		 const struct firn_common *common, unsigned roles,
		 json_t *result, struct firn_err *err)
{
	struct question question = { .scene = scene, .common = common };
	json_t *all = json_array();
	struct firn_traits what;
	int allowed = 1;

	json_object_set_new(result, "permission", all);
	firn_target_traits(scene->target, &what);
	question.what = &what;
	if (begin(&question, command, err) < 0)
		return -1;
	for (unsigned bit = 0; bit < FIRN_N_ROLES; bit++) {
		struct firn_decision decision;
		json_t *one;

		if ((roles & role_at(bit)) == 0)
			continue;
		if (would(&question, role_at(bit), &decision, err) < 0)
			return -1;
		one = json_object();
		firn_json_text(one, "role", firn_role_name(role_at(bit)));
		firn_json_text(one, "verdict",
			       firn_verdict_name(decision.verdict));
		firn_json_text(one, "why", decision.why);
		firn_json_text(one, "rule", decision.rule);
		json_array_append_new(all, one);
		if (decision.verdict != FIRN_ALLOWED)
			allowed = 0;
	}
	return allowed;
}

void
firn_show_permission(FILE *out, const json_t *result)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(result, "permission"), i, one) {
		firn_show_row(out, "permission", "to %s: %s (%s): %s",
			      firn_json_string(one, "role", NULL),
			      firn_json_string(one, "verdict", NULL),
			      firn_json_string(one, "rule", NULL),
			      firn_json_string(one, "why", NULL));
	}
}

int
firn_scene_may_look(struct firn_scene *scene, const struct firn_common *common,
		    const struct firn_traits *what, bool *ret,
		    struct firn_err *err)
{
	struct question question = {
		.scene = scene,
		.common = common,
		.what = what,
	};
	struct firn_decision decision;

	if (begin(&question, "list", err) < 0 ||
	    by_policy(&question, FIRN_ROLE_LOOK, &decision, err) < 0)
		return -1;
	*ret = decision.verdict == FIRN_ALLOWED;
	return 0;
}

/* --- at the end -----------------------------------------------------------
 */

enum firn_exit
firn_scene_settled(const struct firn_scene *scene, const struct firn_cmd *self,
		   enum firn_exit status)
{
	struct firn_err err = { 0 };
	bool gap = scene->is_unrecorded;

	if (scene->is_recorded && !gap && firn_audit_sync(&err) < 0) {
		fprintf(stderr,
			"firn %s: what the audit log says isn't on "
			"disk: %s\n",
			self->name, err.text);
		gap = true;
	}
	return gap && status == FIRN_EXIT_OK ? FIRN_EXIT_GAPS : status;
}
