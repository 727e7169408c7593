#include "cmd.h"

#include "base/auto.h"
#include "base/json.h"
#include "firn/freeze.h"
#include "firn/undo_plan.h"

static void
show(FILE *out, const json_t *result)
{
	const char *state = firn_json_string(result, "thaw", "state", NULL);
	const json_t *one;
	size_t i;

	fprintf(out, "%s ", state != NULL ? state : "would thaw");
	firn_show_target(out, json_object_get(result, "target"));
	fputc('\n', out);
	firn_show_list(out, "undo", json_object_get(result, "would_undo"));
	json_array_foreach(firn_json_at(result, "thaw", "elsewhere", NULL), i,
			   one) {
		firn_show_row(out, "elsewhere", "%lld is in %s, not in %s",
			      (long long)json_integer_value(
				      json_object_get(one, "pid")),
			      firn_json_string(one, "now", NULL),
			      firn_json_string(one, "folder", NULL));
	}
}

static json_t *
target_json(const struct firn_scene *scene, const char *id)
{
	if (scene->target != NULL)
		return firn_target_json(scene->target);
	return json_pack("{s:s, s:s}", "id", id, "runtime", "gone");
}

static int
undo(struct firn_scene *scene, bool force, json_t **ret, struct firn_err *err)
{
	if (scene->target == NULL)
		return firn_thaw_recorded(&scene->host, scene->ledger, ret,
					  err);
	return firn_thaw(scene->target, scene->ledger, force, ret, err);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	bool force = false;
	const struct firn_opt opts[] = {
		{ 'f', "force", NULL, "thaw also what firn did not freeze",
		  .flag = &force },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autoscene struct firn_scene scene = FIRN_SCENE;
	autojson json_t *result = json_object();
	autofree char *id = NULL;
	json_t *thaw = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 1, 1, &status))
		return status;
	scene.forced = true;
	if (firn_scene_recorded(&scene, &common, argv[0], &id, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "target", target_json(&scene, id));
	if (common.dry_run) {
		json_object_set_new(result, "would_undo",
				    firn_thaw_plan(scene.ledger));
		return firn_cmd_result(self, &common, result, show,
				       FIRN_EXIT_OK);
	}
	if (undo(&scene, force, &thaw, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "thaw", thaw);
	return firn_cmd_result(self, &common, result, show, FIRN_EXIT_OK);
}

const struct firn_cmd firn_cmd_thaw = {
	.name = "thaw",
	.operands = "TARGET",
	.summary = "let a container that firn froze run again",
	.more = "Examples:\n"
		"  firn thaw web-1\n"
		"  firn thaw --force web-1    # paused by its runtime\n",
	.run = run,
};
