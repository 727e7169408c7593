#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/policy_file.h"
#include "base/text.h"
#include "firn/exposure.h"
#include "firn/owners.h"
#include "firn/permit.h"
#include "firn/policy.h"

struct asked {
	const char *file; /* NULL: the node's own */
	const char *who, *source;
};

/* A file that is named here may be a draft, which anybody may have written;
 * what firn would obey is the node's own. */
static int
load(const char *file, struct firn_policy **ret, struct firn_err *err)
{
	autofree char *text = NULL;
	size_t len;

	if (file == NULL)
		return firn_policy_open(ret, NULL, err);
	return firn_read_at(AT_FDCWD, file, FIRN_YAML_MAX, &text, &len, err) < 0
		       ? -1
		       : firn_policy_parse(ret, file, text, len, err);
}

/* --- check ----------------------------------------------------------------
 */

/* The parts that others read. */
static int
check_parts(const char *file, struct firn_err *err)
{
	autodone(firn_owners_close) struct firn_owners *owners = NULL;
	const char *path = file != NULL ? file : FIRN_POLICY_PATH;
	autofree char *text = NULL;
	size_t len;

	if (firn_owners_open(&owners, file, err) < 0)
		return -1;
	if (firn_read_at(AT_FDCWD, path, FIRN_YAML_MAX, &text, &len, err) == 0)
		return firn_posture_check_policy(path, text, len, err);
	if (file != NULL || err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	return 0;
}

static void
add_distrust(json_t *warnings, const char *file)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	json_t *line;
	size_t len;

	if (file == NULL || firn_policy_read(file, &text, &len, &why) == 0)
		return;
	line = json_sprintf("as it lies there, firn would refuse it: %s",
			    why.text);
	json_array_insert_new(warnings, 0, line);
}

static void
show_check(FILE *out, const json_t *result)
{
	const char *error = firn_json_string(result, "error", NULL);

	if (error != NULL)
		firn_show_row(out, "error", "%s", error);
	else if (json_is_true(json_object_get(result, "present")))
		firn_show_row(out, "policy", "%s is sound; SHA-256 %s",
			      firn_json_string(result, "file", NULL),
			      firn_json_string(result, "sha256", NULL));
	else
		firn_show_row(out, "policy",
			      "there is no %s: whoever runs firn as root may "
			      "do everything, and alerts do nothing",
			      firn_json_string(result, "file", NULL));
	firn_show_list(out, "warning", json_object_get(result, "warnings"));
}

static enum firn_exit
check(const struct firn_cmd *self, const struct firn_common *common,
      const char *file)
{
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	autojson json_t *result = json_object();
	struct firn_err err = { 0 };
	json_t *warnings;
	bool sound;

	sound = load(file, &policy, &err) == 0 && check_parts(file, &err) == 0;
	if (!sound && err.code != EBADMSG && err.code != EPERM)
		return firn_cmd_failed(self, common, &err);
	warnings = sound ? firn_policy_warnings(policy) : json_array();
	add_distrust(warnings, file);
	firn_json_text(result, "file", file != NULL ? file : FIRN_POLICY_PATH);
	json_object_set_new(result, "sound", json_boolean(sound));
	json_object_set_new(result, "present",
			    json_boolean(!sound || firn_policy_digest(
							   policy)[0] != '\0'));
	if (sound)
		firn_json_text(result, "sha256", firn_policy_digest(policy));
	else
		firn_json_text(result, "error", err.text);
	json_object_set_new(result, "warnings", warnings);
	return firn_cmd_result(self, common, result, show_check,
			       sound ? FIRN_EXIT_OK : FIRN_EXIT_NO);
}

/* --- explain --------------------------------------------------------------
 */

static void
show_sentences(FILE *out, const json_t *sentences)
{
	const json_t *sentence;
	size_t i;

	json_array_foreach(sentences, i, sentence) {
		fputs("  ", out);
		firn_put(out, json_string_value(sentence));
		fputc('\n', out);
	}
}

static void
show_explained(FILE *out, const json_t *result)
{
	const json_t *section;
	size_t i;

	json_array_foreach(json_object_get(result, "sections"), i, section) {
		fprintf(out, "%s%s\n", i > 0 ? "\n" : "",
			firn_json_string(section, "title", NULL));
		show_sentences(out, json_object_get(section, "sentences"));
	}
}

static enum firn_exit
explain(const struct firn_cmd *self, const struct firn_common *common,
	const char *file)
{
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	autojson json_t *result = json_object();
	struct firn_err err = { 0 };

	if (load(file, &policy, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	firn_json_text(result, "file", file != NULL ? file : FIRN_POLICY_PATH);
	firn_json_text(result, "sha256", firn_policy_digest(policy));
	json_object_set_new(result, "sections", firn_policy_explain(policy));
	return firn_cmd_result(self, common, result, show_explained,
			       FIRN_EXIT_OK);
}

/* --- explain --who, --source ----------------------------------------------
 */

static void
show_party(FILE *out, const json_t *result)
{
	const json_t *target = json_object_get(result, "target"), *role;
	size_t i;

	show_sentences(out, json_object_get(result, "rules"));
	if (target == NULL)
		return;
	fputs("\nNow, of ", out);
	firn_put(out, firn_json_string(target, "service", NULL));
	fputs(", container ", out);
	firn_put(out, firn_json_string(target, "id", NULL));
	fputc('\n', out);
	json_array_foreach(json_object_get(result, "roles"), i, role)
		firn_show_row(out, firn_json_string(role, "role", NULL),
			      "%s: %s (%s)",
			      firn_json_string(role, "verdict", NULL),
			      firn_json_string(role, "why", NULL),
			      firn_json_string(role, "rule", NULL));
}

static int
find_party(const struct asked *asked, struct firn_party *ret,
	   struct firn_err *err)
{
	return asked->who != NULL ? firn_party_named(asked->who, ret, err)
				  : firn_party_source(asked->source, ret, err);
}

static int
add_role(const struct firn_permit *permit, enum firn_role role,
	 const struct firn_traits *what, json_t *roles, struct firn_err *err)
{
	struct firn_decision decision;
	json_t *json;

	if (firn_would_permit(permit, role, what, &decision, err) < 0)
		return -1;
	json = json_object();
	firn_json_text(json, "role", firn_role_name(role));
	firn_json_text(json, "verdict", firn_verdict_name(decision.verdict));
	firn_json_text(json, "why", decision.why);
	firn_json_text(json, "rule", decision.rule);
	json_array_append_new(roles, json);
	return 0;
}

/* What would be decided of this container, now. */
static int
add_roles(const struct firn_common *common, const struct firn_policy *policy,
	  const struct firn_party *who, const char *name, json_t *ret,
	  struct firn_err *err)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	struct firn_permit permit = { .policy = policy, .who = who };
	json_t *roles = json_array();
	struct firn_traits what;

	json_object_set_new(ret, "roles", roles);
	scene.forced = true; /* it is only spoken of */
	if (firn_scene_open(&scene, common, name, err) < 0)
		return -1;
	permit.host = &scene.host;
	firn_target_traits(scene.target, &what);
	json_object_set_new(ret, "target", firn_traits_json(&what));
	for (unsigned i = 0; i < FIRN_N_ROLES; i++)
		if (add_role(&permit, (enum firn_role)(1u << i), &what, roles,
			     err) < 0)
			return -1;
	return 0;
}

static enum firn_exit
explain_party(const struct firn_cmd *self, const struct firn_common *common,
	      const struct asked *asked, const char *name)
{
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	autodone(firn_party_free) struct firn_party who = { 0 };
	autojson json_t *result = NULL;
	struct firn_err err = { 0 };

	if (load(asked->file, &policy, &err) < 0 ||
	    find_party(asked, &who, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	result = firn_policy_explain_party(policy, &who);
	if (name != NULL &&
	    add_roles(common, policy, &who, name, result, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	return firn_cmd_result(self, common, result, show_party, FIRN_EXIT_OK);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	struct asked asked = { 0 };
	const struct firn_opt opts[] = {
		{ 0, "policy", "FILE", "instead of " FIRN_POLICY_PATH,
		  .string = &asked.file },
		{ 0, "who", "USER", "explain what this person may do",
		  .string = &asked.who },
		{ 0, "source", "NAME", "explain what its alerts may do",
		  .string = &asked.source },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	enum firn_exit status;
	bool party;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 1, 2, &status))
		return status;
	party = asked.who != NULL || asked.source != NULL;
	if (asked.who != NULL && asked.source != NULL)
		return firn_cmd_usage(self, "--who or --source, not both");
	if (!party && argc == 2 && asked.file != NULL)
		return firn_cmd_usage(self, "FILE is given twice");
	if (!party && argc == 2)
		asked.file = argv[1];
	if (strcmp(argv[0], "check") == 0 && !party)
		return check(self, &common, asked.file);
	if (strcmp(argv[0], "explain") != 0)
		return firn_cmd_usage(self, "check or explain, and --who and "
					    "--source are for explain");
	return party ? explain_party(self, &common, &asked,
				     argc == 2 ? argv[1] : NULL)
		     : explain(self, &common, asked.file);
}

const struct firn_cmd firn_cmd_policy = {
	.name = "policy",
	.operands = "check|explain [FILE|TARGET]",
	.summary = "who may do what to what, and is the policy sound?",
	.more = "Without FILE it is the node's own, " FIRN_POLICY_PATH
		": firn-policy(5).\nWith --who or --source, explain says what "
		"that one may do, and with a TARGET\nwhat would be decided of "
		"it now, and why.\n\n"
		"Examples:\n"
		"  firn policy check draft.yaml\n"
		"  firn policy explain\n"
		"  firn policy explain --who alice web-1\n"
		"  firn policy explain --source falco "
		"pod:shop/web-7f8b9c6d5f-x2x9z\n\n"
		"Exit status of check: 0 it is sound, whatever the warnings; 1 "
		"it isn't.\n",
	.run = run,
};
