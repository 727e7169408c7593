#include "cmd.h"

#include "base/auto.h"
#include "base/json.h"
#include "firn/freeze.h"
#include "firn/undo_plan.h"
#include "permit.h"

static void
show_one(FILE *out, const json_t *thaw, const json_t *target, const char *id)
{
	const char *state = firn_json_string(thaw, "state", NULL);
	const char *why = firn_json_string(thaw, "why", NULL);
	const char *error = firn_json_string(thaw, "error", NULL);
	const json_t *one;
	size_t i;

	fprintf(out, "%s ", state != NULL ? state : "would thaw");
	if (target != NULL)
		firn_show_target(out, target);
	else
		fprintf(out, "%.12s", id != NULL ? id : "?");
	fputc('\n', out);
	if (why != NULL)
		firn_show_row(out, "because", "%s", why);
	if (error != NULL)
		firn_show_row(out, "error", "%s", error);
	json_array_foreach(json_object_get(thaw, "elsewhere"), i, one) {
		firn_show_row(out, "elsewhere", "%lld is in %s, not in %s",
			      (long long)json_integer_value(
				      json_object_get(one, "pid")),
			      firn_json_string(one, "now", NULL),
			      firn_json_string(one, "folder", NULL));
	}
}

static void
show(FILE *out, const json_t *result)
{
	show_one(out, json_object_get(result, "thaw"),
		 json_object_get(result, "target"),
		 firn_json_string(result, "id", NULL));
	firn_show_list(out, "undo", json_object_get(result, "would_undo"));
}

static void
show_all(FILE *out, const json_t *result)
{
	const json_t *targets = json_object_get(result, "targets"), *item;
	size_t i;

	if (json_array_size(targets) == 0)
		fputs("nothing is frozen\n", out);
	json_array_foreach(targets, i, item) {
		show_one(out, item, NULL, firn_json_string(item, "id", NULL));
	}
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
	bool force = false, all = false;
	const struct firn_opt opts[] = {
		{ 'f', "force", NULL, "thaw also what firn did not freeze",
		  .flag = &force },
		{ 0, "all", NULL,
		  "every target in the ledgers; with --case those of the case",
		  .flag = &all },
		FIRN_GLASS_OPTION(common),
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autoscene struct firn_scene scene = FIRN_SCENE;
	autojson json_t *result = json_object();
	autofree char *id = NULL;
	json_t *thaw = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	if (argc != (all ? 0 : 1) || (all && force))
		return firn_cmd_usage(self, "either one TARGET or --all, and "
					    "--force only with a TARGET");
	if (all)
		return firn_cmd_each(self, &common, "freeze", FIRN_ROLE_FREEZE,
				     firn_thaw_recorded, show_all);
	scene.forced = true;
	scene.beyond = force;
	if (firn_scene_recorded(&scene, self, &common, FIRN_ROLE_FREEZE,
				argv[0], &id, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "id", json_string(id));
	if (scene.target != NULL)
		json_object_set_new(result, "target",
				    firn_target_json(scene.target));
	if (common.dry_run) {
		json_object_set_new(result, "would_undo",
				    firn_thaw_plan(scene.ledger));
		return firn_cmd_result(self, &common, result, show,
				       FIRN_EXIT_OK);
	}
	if (undo(&scene, force, &thaw, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "thaw", thaw);
	return firn_scene_settled(&scene, self,
				  firn_cmd_result(self, &common, result, show,
						  FIRN_EXIT_OK));
}

const struct firn_cmd firn_cmd_thaw = {
	.name = "thaw",
	.operands = "TARGET|--all",
	.summary = "let a container that firn froze run again",
	.more = "Examples:\n"
		"  firn thaw web-1\n"
		"  firn thaw --force web-1    # paused by its runtime\n"
		"  firn thaw --all --case 2026-017\n",
	.run = run,
};
