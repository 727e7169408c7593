#include "cmd.h"

#include "base/auto.h"
#include "base/json.h"
#include "contain/peek/peeking.h"
#include "firn/isolate.h"
#include "firn/undo_plan.h"
#include "permit.h"
#include "traffic.h"

static void
show(FILE *out, const json_t *result)
{
	const json_t *undone = json_object_get(result, "undone"), *item;
	const char *state = firn_json_string(result, "state", NULL);
	const char *id = firn_json_string(result, "id", NULL);
	const char *why = firn_json_string(result, "why", NULL);
	const char *error = firn_json_string(result, "error", NULL);
	size_t i;

	fprintf(out, "%s %.12s\n", state != NULL ? state : "would release",
		id != NULL ? id : "?");
	if (why != NULL)
		firn_show_row(out, "because", "%s", why);
	if (error != NULL)
		firn_show_row(out, "error", "%s", error);
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

static void
show_all(FILE *out, const json_t *result)
{
	const json_t *targets = json_object_get(result, "targets"), *item;
	size_t i;

	if (json_array_size(targets) == 0)
		fputs("nothing is isolated\n", out);
	json_array_foreach(targets, i, item) {
		show(out, item);
	}
}

static int
release(const struct firn_host *host, struct firn_ledger *ledger, json_t **ret,
	struct firn_err *err)
{
	/* Its pins are found by their paths. */
	if (firn_peeking_undo(host, ledger, err) < 0)
		return -1;
	return firn_release(ledger, ret, err);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	bool all = false;
	const struct firn_opt opts[] = {
		{ 0, "all", NULL,
		  "every target in the ledgers; with --case those of the case",
		  .flag = &all },
		FIRN_GLASS_OPTION(common),
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autoscene struct firn_scene scene = FIRN_SCENE;
	autojson json_t *result = NULL;
	autofree char *id = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	if (argc != (all ? 0 : 1))
		return firn_cmd_usage(self, "either one TARGET or --all");
	if (all)
		return firn_cmd_each(self, &common, "isolate",
				     FIRN_ROLE_ISOLATE, release, show_all);
	scene.forced = true;
	if (firn_scene_recorded(&scene, self, &common, FIRN_ROLE_ISOLATE,
				argv[0], &id, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	if (common.dry_run) {
		result = json_pack("{s:o}", "would_undo",
				   firn_release_plan(scene.ledger));
	} else if (release(&scene.host, scene.ledger, &result, &err) < 0) {
		return firn_cmd_failed(self, &common, &err);
	}
	json_object_set_new(result, "id", json_string(id));
	return firn_scene_settled(&scene, self,
				  firn_cmd_result(self, &common, result, show,
						  FIRN_EXIT_OK));
}

const struct firn_cmd firn_cmd_release = {
	.name = "release",
	.operands = "TARGET|--all",
	.summary = "undo isolate exactly, also when the container is gone",
	.more = "Examples:\n"
		"  firn release web-1\n"
		"  firn release 0123456789ab    # gone: by the id in the "
		"ledger\n"
		"  firn release --all --case 2026-017\n",
	.run = run,
};
