#include "cmd.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"

static void
column(FILE *out, const json_t *container, const char *key, int width)
{
	const char *text = firn_json_string(container, key, NULL);
	autofree char *safe = NULL;

	if (text == NULL)
		text = "-";
	safe = firn_escape(text, strlen(text));
	fprintf(out, "%-*.*s ", width, width, safe != NULL ? safe : "?");
}

static void
show(FILE *out, const json_t *result)
{
	const json_t *container;
	size_t i;

	fprintf(out, "%-12s %-24s %-10s %-8s %7s %5s %s\n", "ID", "NAME",
		"RUNTIME", "STATE", "PID", "PROCS", "IMAGE");
	json_array_foreach(json_object_get(result, "containers"), i,
			   container) {
		column(out, container, "id", 12);
		column(out, container, "name", 24);
		column(out, container, "runtime", 10);
		column(out, container, "state", 8);
		fprintf(out, "%7lld %5lld ",
			(long long)json_integer_value(
				json_object_get(container, "pid")),
			(long long)json_integer_value(
				json_object_get(container, "processes")));
		column(out, container, "image", 32);
		fputc('\n', out);
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
	autojson json_t *result = json_object();
	json_t *containers = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 0, &status))
		return status;
	if (firn_host_open(&scene.host, common.root != NULL ? common.root : "/",
			   &err) < 0 ||
	    firn_targets(&scene.host, &containers, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "containers", containers);
	return firn_cmd_result(self, &common, result, show, FIRN_EXIT_OK);
}

const struct firn_cmd firn_cmd_list = {
	.name = "list",
	.operands = "",
	.summary = "the containers on this node, their runtime and state",
	.more = "Examples:\n"
		"  firn list\n"
		"  firn list --json | jq -r '.containers[].name'\n",
	.run = run,
};
