#include "cmd.h"

#include "base/auto.h"
#include "base/json.h"
#include "firn/audit.h"
#include "firn/drill.h"
#include "firn/policy.h"
#include "progress.h"

static void
show(FILE *out, const json_t *result)
{
	const json_t *check;
	size_t i;

	fputs(json_is_true(json_object_get(result, "passed"))
		      ? "the drill passed\n"
		      : "the drill FAILED\n",
	      out);
	json_array_foreach(json_object_get(result, "checks"), i, check) {
		bool passed = json_is_true(json_object_get(check, "passed"));

		fprintf(out, "  %-4s %-22s %s\n", passed ? "ok" : "NO",
			firn_json_string(check, "name", NULL),
			firn_json_string(check, "what", NULL));
	}
	firn_show_times(out, json_object_get(result, "times"));
	firn_show_row(out, "archive", "%s",
		      firn_json_string(result, "archive", NULL));
}

static json_t *
plan(const char *folder)
{
	return json_pack(
		"{s:[s, s, s, s], s:s}", "would_do",
		"make a container of its own: namespaces, /firn-drill in the "
		"cgroups, an overlay in /var/lib/firn, a veth pair with "
		"198.51.100.1",
		"plant an intruder's traces in it",
		"cut, freeze, capture and "
		"release it",
		"remove it", "folder", folder);
}

static void
show_plan(FILE *out, const json_t *result)
{
	fputs("would hold a drill\n", out);
	firn_show_list(out, "do", json_object_get(result, "would_do"));
	firn_show_row(out, "archive", "in %s",
		      firn_json_string(result, "folder", NULL));
}

/* It makes its own container and touches no other, so nobody has to be allowed
 * to; but it changes the node for a while. */
static int
record(const struct firn_drill *how, struct firn_err *err)
{
	autodone(firn_party_free) struct firn_party who = { 0 };
	autojson json_t *party = NULL, *details = json_object();

	if (firn_party_me(&who, err) < 0)
		return -1;
	party = firn_party_json(&who);
	firn_json_text(details, "folder", how->folder);
	return firn_audit_add(party, "drill", details, err);
}

static int
drill(const struct firn_common *common, const char *key_path,
      const struct firn_strings *rule_folders, struct firn_drill *how,
      json_t **ret, struct firn_err *err)
{
	autodone(firn_key_close) struct firn_key *key = NULL;
	autodone(firn_secret_rules_close) struct firn_secret_rules *rules =
		NULL;
	bool progress = firn_progress_wanted(common->quiet);
	int done;

	if (record(how, err) < 0 ||
	    firn_cmd_key(common, key_path, &key, err) < 0 ||
	    firn_secret_rules_open(&rules, rule_folders->items, rule_folders->n,
				   err) < 0)
		return -1;
	how->key = key;
	how->rules = rules;
	how->operator_name = common->operator_name;
	how->progress = progress ? firn_progress_show : NULL;
	done = firn_drill(how, ret, err);
	if (progress)
		firn_progress_clear();
	return done;
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	struct firn_strings rules = { 0 };
	struct firn_drill how = { 0 };
	const char *key = NULL, *folder = NULL;
	const struct firn_opt opts[] = {
		{ 'o', "output", "DIR", "where the archive goes (here)",
		  .string = &folder },
		{ 'k', "key", "FILE", "sign with this key (" FIRN_KEY_PATH ")",
		  .string = &key },
		{ 0, "rules", "DIR",
		  "secret rules of your own, beside those "
		  "that ship",
		  .list = &rules },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autojson json_t *result = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 0, &status))
		return status;
	how.folder = folder != NULL ? folder : ".";
	if (common.dry_run) {
		result = plan(how.folder);
		return firn_cmd_result(self, &common, result, show_plan,
				       FIRN_EXIT_OK);
	}
	if (drill(&common, key, &rules, &how, &result, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	status = json_is_true(json_object_get(result, "passed")) ? FIRN_EXIT_OK
								 : FIRN_EXIT_NO;
	return firn_cmd_result(self, &common, result, show, status);
}

const struct firn_cmd firn_cmd_drill = {
	.name = "drill",
	.operands = "",
	.summary = "a rehearsal on a sacrificial container that firn makes "
		   "itself",
	.more = "Needs no container runtime.  An intruder's traces are planted "
		"in it: a dropped\nbinary, a process in memory only, a "
		"beacon, secrets.  firn cuts, freezes and\ncaptures it, and "
		"looks whether it found each.  Nothing stays but the "
		"archive.\n\n"
		"Examples:\n"
		"  firn drill\n"
		"  firn drill -o /var/tmp --json\n\n"
		"Exit status 1: something planted wasn't found, or a step "
		"didn't do what it should.\n",
	.run = run,
};
