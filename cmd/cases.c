#include "cases.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/cases.h"
#include "permit.h"

static long long
number(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

/* What a step came to, in a few words. */
static void
show_step(FILE *out, const json_t *step)
{
	const json_t *result = json_object_get(step, "result");
	const char *why = firn_json_string(step, "why", NULL);
	const char *said = firn_json_string(result, "archive", NULL);
	const char *kind = firn_json_string(step, "kind", NULL);

	if (said == NULL)
		said = firn_json_string(result, "to", NULL);
	if (said == NULL)
		said = firn_json_string(result, "verdict", NULL);
	if (said == NULL)
		said = firn_json_string(result, "state", NULL);
	if (said != NULL || why != NULL || !json_is_object(result) ||
	    json_object_get(result, "items") == NULL)
		firn_show_row(out, kind != NULL ? kind : "step", "%s%s%s%s%s",
			      firn_json_string(step, "state", NULL),
			      said != NULL ? ", " : "",
			      said != NULL ? said : "", why != NULL ? ": " : "",
			      why != NULL ? why : "");
	else
		firn_show_row(out, kind, "%s, %lld to rotate, %lld at once",
			      firn_json_string(step, "state", NULL),
			      number(result, "items"),
			      number(result, "urgent"));
}

static void
show_who(FILE *out, const json_t *who)
{
	const char *kind = firn_json_string(who, "kind", NULL);
	const char *name = firn_json_string(who, "name", NULL);
	bool source = kind != NULL && strcmp(kind, "source") == 0;

	firn_show_row(out, "by", "%s%s", source ? "alert of " : "",
		      name != NULL ? name : "nobody that is known");
}

void
firn_show_case(FILE *out, const json_t *json)
{
	const char *why = firn_json_string(json, "why", NULL);
	const char *approval = firn_json_string(json, "approval", NULL);
	const char *rule = firn_json_string(json, "alert", "rule", NULL);
	const json_t *step;
	size_t i;

	fprintf(out, "%s ", firn_json_string(json, "state", NULL));
	firn_show_target(out, json_object_get(json, "target"));
	fputc('\n', out);
	firn_show_row(out, "case", "%s", firn_json_string(json, "case", NULL));
	firn_show_row(out, "playbook", "%s",
		      firn_json_string(json, "playbook", NULL));
	show_who(out, json_object_get(json, "who"));
	firn_show_row(out, "opened", "%s",
		      firn_json_string(json, "opened", NULL));
	if (rule != NULL)
		firn_show_row(out, "alert", "%s", rule);
	if (number(json, "alerts") > 1)
		firn_show_row(out, "alerts", "%lld, of which this is the first",
			      number(json, "alerts"));
	if (approval != NULL)
		firn_show_row(out, "waits", "firn approve %s", approval);
	json_array_foreach(json_object_get(json, "results"), i, step) {
		show_step(out, step);
	}
	if (why != NULL)
		firn_show_row(out, "because", "%s", why);
}

static bool
failed(const json_t *step)
{
	const char *state = firn_json_string(step, "state", NULL);

	return state != NULL && strcmp(state, "failed") == 0;
}

static bool
is_grave(const json_t *step)
{
	const char *kind = firn_json_string(step, "kind", NULL);

	return strcmp(kind, "freeze") == 0 || strcmp(kind, "isolate") == 0 ||
	       strcmp(kind, "capture") == 0 || strcmp(kind, "then") == 0;
}

static bool
has_gaps(const json_t *step)
{
	const json_t *result = json_object_get(step, "result");
	const char *state = firn_json_string(result, "state", NULL);

	return number(result, "gaps") > 0 ||
	       (state != NULL && strcmp(state, "partial") == 0);
}

enum firn_exit
firn_case_status(const json_t *json)
{
	const char *state = firn_json_string(json, "state", NULL);
	enum firn_exit status = FIRN_EXIT_OK;
	const json_t *step;
	size_t i;

	if (strcmp(state, "refused") == 0)
		return FIRN_EXIT_REFUSED;
	json_array_foreach(json_object_get(json, "results"), i, step) {
		if (failed(step) && is_grave(step))
			return FIRN_EXIT_FAILED;
		if (failed(step) || has_gaps(step))
			status = FIRN_EXIT_GAPS;
	}
	return status;
}

static void
show_all(FILE *out, const json_t *result)
{
	const json_t *cases = json_object_get(result, "cases"), *one;
	size_t i;

	if (json_array_size(cases) == 0)
		fputs("no playbook was carried out here\n", out);
	json_array_foreach(cases, i, one) {
		fprintf(out, "%-11s ", firn_json_string(one, "state", NULL));
		firn_show_target(out, json_object_get(one, "target"));
		fputc('\n', out);
		firn_show_row(out, "case", "%s",
			      firn_json_string(one, "case", NULL));
		firn_show_row(out, "playbook", "%s, %lld alert%s",
			      firn_json_string(one, "playbook", NULL),
			      number(one, "alerts"),
			      number(one, "alerts") == 1 ? "" : "s");
		if (firn_json_string(one, "archive", NULL) != NULL)
			firn_show_row(out, "archive", "%s",
				      firn_json_string(one, "archive", NULL));
		if (firn_json_string(one, "why", NULL) != NULL)
			firn_show_row(out, "because", "%s",
				      firn_json_string(one, "why", NULL));
	}
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
	json_t *cases = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	if (firn_scene_host(&scene, &common, &err) < 0 ||
	    firn_scene_permitted_any(&scene, self->name, &common,
				     FIRN_ROLE_LOOK, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	if (argc == 1) {
		if (firn_case_of(argv[0], &result, &err) < 0)
			return firn_cmd_failed(self, &common, &err);
		return firn_cmd_result(self, &common, result, firn_show_case,
				       FIRN_EXIT_OK);
	}
	if (firn_cases(&cases, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	result = json_pack("{s:o}", "cases", cases);
	return firn_cmd_result(self, &common, result, show_all, FIRN_EXIT_OK);
}

const struct firn_cmd firn_cmd_cases = {
	.name = "cases",
	.operands = "[CASE]",
	.summary = "what playbooks have done on this node, and are doing",
	.more = "Examples:\n"
		"  firn cases\n"
		"  firn cases 20261124T120000Z-node7-0123456789ab\n"
		"  firn cases --json | jq '.cases[] | select(.state == "
		"\"failed\")'\n",
	.run = run,
};
