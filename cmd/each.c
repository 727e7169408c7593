#include "cmd.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "permit.h"

static bool
has_case(const json_t *changes, const char *case_id)
{
	const json_t *change;
	size_t i;

	json_array_foreach(changes, i, change) {
		const char *its = firn_json_string(change, "case", NULL);

		if (case_id == NULL ||
		    (its != NULL && strcmp(its, case_id) == 0))
			return true;
	}
	return false;
}

/* Is there anything to undo, in this case?  A look, as one that is held by a
 * capture of another case is none of ours. */
static bool
is_meant(const char *id, const char *action, const char *case_id)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *open = NULL, *before = NULL;
	struct firn_err unread = { 0 };

	/* One that can't be read is reported when it's opened. */
	if (firn_ledger_look(&ledger, id, &unread) <= 0)
		return unread.code != 0 && case_id == NULL;
	open = firn_ledger_open_changes(ledger, action);
	before = firn_ledger_before_boot(ledger, action);
	return has_case(open, case_id) || has_case(before, case_id);
}

static json_t *
failed(const struct firn_err *err, enum firn_exit *ret)
{
	bool refused = firn_target_refused(err);
	enum firn_exit status = refused ? FIRN_EXIT_REFUSED : FIRN_EXIT_FAILED;

	if (status > *ret)
		*ret = status;
	return json_pack("{s:s, s:s}", "state", refused ? "refused" : "failed",
			 "error", err->text);
}

static json_t *
one(struct firn_scene *scene, const struct firn_cmd *self,
    const struct firn_common *common, enum firn_role role, const char *id,
    firn_each_fn *undo, enum firn_exit *worst)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	json_t *said = NULL;
	struct firn_err err = { 0 };

	if (firn_scene_permitted_id(scene, self->name, common, role, id, &err) <
	    0)
		said = failed(&err, worst);
	else if (common->dry_run)
		said = json_object();
	else if (firn_ledger_open(&ledger, id, &scene->authority, &err) < 0 ||
		 undo(&scene->host, ledger, &said, &err) < 0)
		said = failed(&err, worst);
	json_object_set_new(said, "id", json_string(id));
	return said;
}

enum firn_exit
firn_cmd_each(const struct firn_cmd *self, const struct firn_common *common,
	      const char *action, enum firn_role role, firn_each_fn *undo,
	      firn_show_fn *show)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	autojson json_t *ids = NULL, *result = json_object();
	json_t *targets = json_array();
	struct firn_err err = { 0 };
	enum firn_exit worst = FIRN_EXIT_OK;
	const json_t *id;
	size_t i;

	scene.undo = true;
	json_object_set_new(result, "targets", targets);
	if (firn_scene_host(&scene, common, &err) < 0 ||
	    firn_ledger_ids(&ids, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	json_array_foreach(ids, i, id) {
		const char *text = json_string_value(id);

		if (is_meant(text, action, common->case_id))
			json_array_append_new(targets,
					      one(&scene, self, common, role,
						  text, undo, &worst));
	}
	return firn_scene_settled(&scene, self,
				  firn_cmd_result(self, common, result, show,
						  worst));
}
