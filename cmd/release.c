#include "cmd.h"

#include "base/auto.h"
#include "base/json.h"
#include "firn/isolate.h"
#include "firn/undo_plan.h"
#include "traffic.h"

static void
show(FILE *out, const json_t *result)
{
	const json_t *undone = json_object_get(result, "undone"), *item;
	const char *state = firn_json_string(result, "state", NULL);
	const char *id = firn_json_string(result, "id", NULL);
	size_t i;

	fprintf(out, "%s %.12s\n", state != NULL ? state : "would release",
		id != NULL ? id : "?");
	firn_show_list(out, "undo", json_object_get(result, "would_undo"));
	json_array_foreach(undone, i, item) {
		const char *text =
			json_is_string(item)
				? json_string_value(item)
				: firn_json_string(item, "method", NULL);

		firn_show_row(out, "undone", "%s", text != NULL ? text : "?");
	}
	firn_show_attempts(out, json_object_get(result, "attempts"));
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	const struct firn_opt opts[] = {
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autoscene struct firn_scene scene = FIRN_SCENE;
	autojson json_t *result = NULL;
	autofree char *id = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 1, 1, &status))
		return status;
	scene.forced = true;
	if (firn_scene_recorded(&scene, &common, argv[0], &id, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	if (common.dry_run) {
		result = json_pack("{s:o}", "would_undo",
				   firn_release_plan(scene.ledger));
	} else if (firn_release(scene.ledger, &result, &err) < 0) {
		return firn_cmd_failed(self, &common, &err);
	}
	json_object_set_new(result, "id", json_string(id));
	return firn_cmd_result(self, &common, result, show, FIRN_EXIT_OK);
}

const struct firn_cmd firn_cmd_release = {
	.name = "release",
	.operands = "TARGET",
	.summary = "undo isolate exactly, also when the container is gone",
	.more = "Examples:\n"
		"  firn release web-1\n"
		"  firn release 0123456789ab    # gone: by the id in the "
		"ledger\n",
	.run = run,
};
