#include "cmd.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "cases.h"
#include "firn/cases.h"
#include "firn/playbook.h"
#include "firn/policy.h"
#include "permit.h"

/* What it takes, and is released after. */
struct means {
	struct firn_policy *policy;
	struct firn_playbooks playbooks;
	struct firn_playbook *of_file; /* a playbook that was given as a file */
	struct firn_party who;
};

static void
release(struct means *means)
{
	firn_playbook_close(&means->of_file);
	firn_playbooks_close(&means->playbooks);
	firn_policy_close(&means->policy);
	firn_party_free(&means->who);
}

/* A name of one that is there, or a file. */
static const struct firn_playbook *
choose(struct means *means, const char *name, struct firn_err *err)
{
	const struct firn_playbook *found;

	if (strchr(name, '/') != NULL || access(name, F_OK) == 0)
		return firn_playbook_read(&means->of_file, name, err) < 0
			       ? NULL
			       : means->of_file;
	found = firn_playbooks_named(&means->playbooks, name);
	if (found == NULL)
		firn_err_set(err, ESRCH,
			     "there is no playbook \"%s\": firn playbook list",
			     name);
	return found;
}

/* --- for a person, while it goes on --------------------------------------- */

static void
tell(const json_t *line, void *arg)
{
	const struct firn_common *common = arg;
	const char *event = firn_json_string(line, "event", NULL);
	const char *why = firn_json_string(line, "why", NULL);
	const char *text = firn_json_string(line, "text", NULL);

	if (strcmp(event, "opened") == 0)
		firn_cmd_say(common, "case %s",
			     firn_json_string(line, "case", NULL));
	if (strcmp(event, "step") == 0)
		firn_cmd_say(common, "%lld. %s: %s%s%s",
			     (long long)json_integer_value(
				     json_object_get(line, "n")),
			     firn_json_string(line, "kind", NULL),
			     firn_json_string(line, "state", NULL),
			     why != NULL ? ": " : "", why != NULL ? why : "");
	if (strcmp(event, "waits") == 0)
		firn_cmd_say(common,
			     "waits for a second person%s%s: firn approve %s",
			     text != NULL ? ": " : "", text != NULL ? text : "",
			     firn_json_string(line, "approval", NULL));
	if (strcmp(event, "alarm") == 0 || strcmp(event, "trouble") == 0)
		firn_cmd_say(common, "%s", text);
}

/* --- what would be done --------------------------------------------------- */

static void
show_plan(FILE *out, const json_t *plan)
{
	const char *open_case = firn_json_string(plan, "open_case", NULL);
	const json_t *one;
	size_t i;

	fputs("would respond to ", out);
	firn_show_target(out, json_object_get(plan, "target"));
	fputc('\n', out);
	firn_show_row(out, "playbook", "%s",
		      firn_json_string(plan, "playbook", NULL));
	json_array_foreach(json_object_get(plan, "steps"), i, one) {
		firn_show_row(out, firn_json_string(one, "step", NULL), "%s",
			      firn_json_string(one, "text", NULL));
	}
	firn_show_row(out, "then", "%s", firn_json_string(plan, "then", NULL));
	json_array_foreach(json_object_get(plan, "roles"), i, one) {
		firn_show_row(out, firn_json_string(one, "role", NULL),
			      "%s: %s (%s)",
			      firn_json_string(one, "verdict", NULL),
			      firn_json_string(one, "why", NULL),
			      firn_json_string(one, "rule", NULL));
	}
	if (open_case != NULL)
		firn_show_row(out, "but", "case %s isn't finished", open_case);
}

static enum firn_exit
plan(const struct firn_cmd *self, const struct firn_common *common,
     const struct firn_runner *runner, struct firn_target *target,
     const struct firn_playbook *playbook, const struct firn_party *who)
{
	autojson json_t *result = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status = FIRN_EXIT_OK;
	const json_t *one;
	size_t i;

	if (firn_respond_plan(runner, target, playbook, who, &result, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	json_array_foreach(json_object_get(result, "roles"), i, one) {
		const char *verdict = firn_json_string(one, "verdict", NULL);

		if (strcmp(verdict, "denied") == 0)
			status = FIRN_EXIT_REFUSED;
	}
	return firn_cmd_result(self, common, result, show_plan, status);
}

/* -------------------------------------------------------------------------- */

static int
prepare(struct means *means, const struct firn_common *common,
	const struct firn_target *target, struct firn_err *err)
{
	if (firn_party_me(&means->who, err) < 0 ||
	    firn_policy_asked(&means->policy, "respond", common, &means->who,
			      target, err) < 0 ||
	    firn_playbooks_open(&means->playbooks, NULL, err) < 0)
		return -1;
	return 0;
}

static enum firn_exit
respond(const struct firn_cmd *self, struct firn_common *common,
	struct firn_scene *scene, const struct firn_playbook *playbook,
	const struct means *means)
{
	const struct firn_runner runner = {
		.host = &scene->host,
		.policy = means->policy,
		.playbooks = &means->playbooks,
		.told = tell,
		.arg = common,
	};
	autojson json_t *result = NULL;
	struct firn_err err = { 0 };

	if (common->dry_run)
		return plan(self, common, &runner, scene->target, playbook,
			    &means->who);
	if (firn_respond(&runner, scene->target, playbook, &means->who, NULL,
			 &result, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	return firn_cmd_result(self, common, result, firn_show_case,
			       firn_case_status(result));
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	autodone(release) struct means means = { 0 };
	struct firn_common common = { 0 };
	const char *name = NULL;
	const struct firn_opt opts[] = {
		{ 'p', "playbook", "NAME|FILE",
		  "which one is carried out (general)", .string = &name },
		FIRN_FORCE_OPTION(scene),
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	const struct firn_playbook *playbook;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 1, 1, &status))
		return status;
	if (common.case_id != NULL)
		return firn_cmd_usage(self, "a playbook has a case of its own: "
					    "--case can't be given");
	if (firn_scene_open(&scene, &common, argv[0], &err) < 0 ||
	    prepare(&means, &common, scene.target, &err) < 0 ||
	    (playbook = choose(&means, name != NULL ? name : "general",
			       &err)) == NULL)
		return firn_cmd_failed(self, &common, &err);
	firn_scene_announce(&scene, self, &common, argv[0]);
	return respond(self, &common, &scene, playbook, &means);
}

const struct firn_cmd firn_cmd_respond = {
	.name = "respond",
	.operands = "TARGET",
	.summary = "carry a playbook out on a container",
	.more = "It waits for approvals, and says so; firn cases shows what "
		"was done.\n\n"
		"Examples:\n"
		"  firn respond web-1\n"
		"  firn respond --playbook suspicious-shell --dry-run web-1\n"
		"  firn respond -p ./ours.yaml pod:shop/web-7d4b\n\n"
		"Exit status 3: with gaps, or a step that hands over failed; "
		"4: "
		"refused; 5: the\ncontainer could not be contained or "
		"captured.\n",
	.run = run,
};
