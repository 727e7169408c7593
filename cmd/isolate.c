#include "cmd.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "isolation.h"
#include "permit.h"

static void
show(FILE *out, const json_t *result)
{
	const json_t *isolate = json_object_get(result, "isolate");
	const char *state = firn_json_string(isolate, "state", NULL);

	fprintf(out, "%s ", state != NULL ? state : "would isolate");
	firn_show_target(out, json_object_get(result, "target"));
	fputc('\n', out);
	if (isolate == NULL)
		return;
	firn_show_isolation(out, isolate);
	firn_show_row(out, "undo", "firn release %.12s",
		      firn_json_string(result, "target", "id", NULL));
}

static void
show_plan(FILE *out, const json_t *result)
{
	const json_t *plan = json_object_get(result, "isolate"), *cut;
	size_t i;

	fputs("would isolate ", out);
	firn_show_target(out, json_object_get(result, "target"));
	fputc('\n', out);
	firn_show_permission(out, result);
	json_array_foreach(json_object_get(plan, "would_cut"), i, cut) {
		const json_t *methods = json_object_get(cut, "methods"),
			     *method;
		const char *at_once = firn_json_string(cut, "at_once", NULL);
		char tried[160] = "";
		size_t k;

		if (at_once != NULL)
			snprintf(tried, sizeof(tried), "%s at once, then ",
				 at_once);
		json_array_foreach(methods, k, method) {
			strncat(tried, k > 0 ? ", else " : "",
				sizeof(tried) - strlen(tried) - 1);
			strncat(tried, json_string_value(method),
				sizeof(tried) - strlen(tried) - 1);
		}
		firn_show_row(out, "cut", "%s: %s",
			      firn_json_string(cut, "on", NULL), tried);
	}
	firn_show_list(out, "stays open",
		       json_object_get(plan, "would_stay_open"));
}

static enum firn_exit
plan(const struct firn_cmd *self, const struct firn_common *common,
     const struct firn_isolation *how, struct firn_scene *scene, json_t *result)
{
	struct firn_err err = { 0 };
	json_t *cuts = NULL;
	int allowed = firn_scene_would(scene, self->name, common,
				       FIRN_ROLE_ISOLATE, result, &err);

	if (allowed < 0 ||
	    (how->whole_pod &&
	     firn_scene_permitted_pod(scene, self->name, common,
				      FIRN_ROLE_ISOLATE, &err) < 0) ||
	    firn_isolate_plan(scene->target, how, &cuts, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	json_object_set_new(result, "isolate", cuts);
	return firn_cmd_result(self, common, result, show_plan,
			       allowed ? FIRN_EXIT_OK : FIRN_EXIT_REFUSED);
}

static int
permitted(struct firn_scene *scene, const struct firn_cmd *self,
	  const struct firn_common *common, const struct firn_isolation *how,
	  struct firn_err *err)
{
	return how->whole_pod
		       ? firn_scene_permitted_pod(scene, self->name, common,
						  FIRN_ROLE_ISOLATE, err)
		       : firn_scene_permitted(scene, self->name, common,
					      FIRN_ROLE_ISOLATE, err);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	struct firn_common common = { 0 };
	struct firn_asked_isolation asked = { 0 };
	const struct firn_opt opts[] = {
		FIRN_ISOLATION_OPTIONS(asked),
		FIRN_FORCE_OPTION(scene),
		FIRN_GLASS_OPTION(common),
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	struct firn_isolation how;
	autojson json_t *result = json_object();
	json_t *isolate = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;
	const char *state;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 1, 1, &status))
		return status;
	if (firn_asked_isolation(&asked, &how, &err) < 0)
		return firn_cmd_usage(self, err.text);
	if (firn_scene_open(&scene, &common, argv[0], &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "target", firn_target_json(scene.target));
	if (common.dry_run)
		return plan(self, &common, &how, &scene, result);
	firn_scene_announce(&scene, self, &common, argv[0]);
	if (permitted(&scene, self, &common, &how, &err) < 0 ||
	    firn_scene_ledger(&scene, &err) < 0 ||
	    firn_isolate(scene.target, scene.ledger, &how, &isolate, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "isolate", isolate);
	state = firn_json_string(isolate, "state", NULL);
	status = state != NULL && strcmp(state, "isolated") == 0
			 ? FIRN_EXIT_OK
			 : FIRN_EXIT_GAPS;
	return firn_scene_settled(&scene, self,
				  firn_cmd_result(self, &common, result, show,
						  status));
}

const struct firn_cmd firn_cmd_isolate = {
	.name = "isolate",
	.operands = "TARGET",
	.summary = "cut a container's network at once, established connections "
		   "too",
	.more = "Examples:\n"
		"  firn isolate web-1\n"
		"  firn isolate --allow 10.20.0.5:9200 web-1\n"
		"  firn isolate --pod web-1    # all that share its network\n"
		"  firn isolate --log web-1; sleep 60; firn isolate web-1\n\n"
		"Exit status 3: partial; what is still open is named.\n",
	.run = run,
};
