#include "cmd.h"

#include <errno.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/case.h"
#include "firn/secrets.h"

/* The checklist's text is Markdown, made to be read in a terminal too. */
static void
show(FILE *out, const json_t *checklist)
{
	autofree char *markdown = firn_secrets_markdown(checklist);

	fputs(markdown != NULL ? markdown : "out of memory\n", out);
}

static void
show_check(FILE *out, const json_t *checked)
{
	const json_t *failure;
	size_t i;

	json_array_foreach(json_object_get(checked, "failures"), i, failure) {
		autofree char *line = firn_json_line(failure);

		firn_put(out, line != NULL ? line : "?");
		fputc('\n', out);
	}
	fprintf(out, "%lld rules, %lld samples, %zu failures\n",
		(long long)json_integer_value(
			json_object_get(checked, "rules")),
		(long long)json_integer_value(
			json_object_get(checked, "samples")),
		json_array_size(json_object_get(checked, "failures")));
}

static enum firn_exit
check_rules(const struct firn_cmd *self, const struct firn_common *common,
	    const struct firn_secret_rules *rules)
{
	autojson json_t *checked = NULL;
	struct firn_err err = { 0 };
	bool sound;

	if (firn_secret_rules_check(rules, &checked, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	sound = json_array_size(json_object_get(checked, "failures")) == 0;
	return firn_cmd_result(self, common, checked, show_check,
			       sound ? FIRN_EXIT_OK : FIRN_EXIT_NO);
}

static int
of_target(const struct firn_common *common, const char *name,
	  const struct firn_secret_rules *rules, json_t **ret,
	  struct firn_err *err)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	struct firn_case of;

	scene.forced = true; /* it is only read */
	if (firn_scene_open(&scene, common, name, err) < 0 ||
	    firn_target_scan(scene.target, err) < 0 ||
	    firn_case_open(&of, common->case_id, scene.target->id, err) < 0 ||
	    firn_case_key(&of, err) < 0)
		return -1;
	return firn_secrets_of_target(scene.target, rules, &of, ret, err);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	struct firn_strings folders = { 0 };
	bool check = false;
	const struct firn_opt opts[] = {
		{ 0, "rules", "DIR",
		  "rules of your own, beside those that ship",
		  .list = &folders },
		{ 0, "check-rules", NULL, "try every rule on its samples",
		  .flag = &check },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autodone(firn_secret_rules_close) struct firn_secret_rules *rules =
		NULL;
	autojson json_t *checklist = NULL;
	autoclose int archive_fd = -1;
	struct firn_err err = { 0 };
	enum firn_exit status;
	int done;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	if (firn_secret_rules_open(&rules, folders.items, folders.n, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	if (check)
		return check_rules(self, &common, rules);
	if (argc != 1)
		return firn_cmd_usage(self, "a TARGET or an ARCHIVE is needed");
	archive_fd = firn_cmd_archive(argv[0]);
	if (archive_fd >= 0)
		done = firn_secrets_of_archive(archive_fd, rules, &checklist,
					       &err);
	else
		done = of_target(&common, argv[0], rules, &checklist, &err);
	if (done < 0)
		return firn_cmd_failed(self, &common, &err);
	status = json_array_size(json_object_get(checklist, "gaps")) > 0
			 ? FIRN_EXIT_GAPS
			 : FIRN_EXIT_OK;
	return firn_cmd_result(self, &common, checklist, show, status);
}

const struct firn_cmd firn_cmd_secrets = {
	.name = "secrets",
	.operands = "TARGET|ARCHIVE",
	.summary = "which secrets to rotate, in what order, and how",
	.more = "Values are never shown: a secret is its kind, its places and "
		"a "
		"keyed fingerprint.\n\n"
		"Examples:\n"
		"  firn secrets web-1 > checklist.md\n"
		"  firn secrets --json CASE.firn.tar.zst\n"
		"  firn secrets --rules /etc/firn/secrets --check-rules\n",
	.run = run,
};
