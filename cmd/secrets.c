#include "secrets.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "evidence/case_folder.h"
#include "firn/rotation.h"
#include "permit.h"

/* The checklist's text is Markdown, made to be read in a terminal too. */
static void
show(FILE *out, const json_t *checklist)
{
	autofree char *markdown = firn_secrets_markdown(checklist);

	fputs(markdown != NULL ? markdown : "out of memory\n", out);
}

static void
show_csv(FILE *out, const json_t *checklist)
{
	autofree char *csv = firn_secrets_csv(checklist);

	fputs(csv != NULL ? csv : "out of memory\n", out);
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

/* Of an archive, only where nothing is known of its case: what was found on the
 * node itself says more. */
static int
keep(int cases_fd, const json_t *checklist, bool archive, struct firn_err *err)
{
	const char *id = firn_json_string(checklist, "case", NULL);
	autojson json_t *kept = NULL;

	if (archive && id != NULL &&
	    firn_rotation_kept(cases_fd, id, &kept, err) == 0)
		return 0;
	*err = (struct firn_err){ 0 };
	return firn_rotation_keep(cases_fd, checklist, err);
}

void
firn_secrets_remember(const struct firn_common *common,
		      const struct firn_owners *owners, json_t *checklist,
		      bool archive)
{
	struct firn_err why = { 0 };
	autoclose int cases_fd = firn_case_folder(&why);

	if (cases_fd >= 0 && firn_rotation_mark(cases_fd, checklist, &why) < 0)
		firn_cmd_say(common, "what was ticked off isn't known: %s",
			     why.text);
	if (firn_owners_assign(owners, checklist, &why) < 0)
		firn_cmd_say(common, "owners: %s", why.text);
	if (common->dry_run)
		return;
	if (cases_fd < 0 || keep(cases_fd, checklist, archive, &why) < 0)
		firn_cmd_say(common,
			     "no copy is kept, so that nothing can be "
			     "ticked off here: %s",
			     why.text);
}

static int
of_target(const struct firn_common *common, const char *name,
	  const struct firn_secret_rules *rules,
	  const struct firn_secrets_more *more, json_t **ret,
	  struct firn_err *err)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	struct firn_case of;
	int done;

	scene.forced = true; /* it is only read */
	if (firn_scene_open(&scene, common, name, err) < 0 ||
	    firn_scene_permitted(&scene, "secrets", common, FIRN_ROLE_LOOK,
				 err) < 0 ||
	    firn_target_scan(scene.target, err) < 0 ||
	    firn_case_open(&of, common->case_id, scene.target->id, err) < 0 ||
	    firn_case_key(&of, err) < 0)
		return -1;
	done = firn_secrets_more_of_target(scene.target, rules, &of, more, ret,
					   err);
	if (done == 0)
		done = firn_secrets_consumers(scene.target, rules, &of, *ret,
					      err);
	OPENSSL_cleanse(&of, sizeof(of));
	return done;
}

int
firn_secrets_look(const struct firn_common *common, const char *name,
		  const struct firn_secret_rules *rules,
		  const struct firn_secrets_more *more, json_t **ret,
		  struct firn_err *err)
{
	autoclose int archive_fd = firn_cmd_archive(name);
	int done;

	if (archive_fd >= 0)
		return firn_secrets_wanted_archive(archive_fd, rules,
						   more->wanted, ret, err);
	done = of_target(common, name, rules, more, ret, err);
	firn_deep_end(more->deep);
	return done;
}

static enum firn_exit
list(const struct firn_cmd *self, const struct firn_common *common,
     const struct firn_asked_secrets *asked,
     const struct firn_secret_rules *rules, const char *name)
{
	autodone(firn_owners_close) struct firn_owners *owners = NULL;
	bool csv = asked->format != NULL && strcmp(asked->format, "csv") == 0;
	const struct firn_secrets_more more = {
		.deep = firn_deep_begin(common, asked->deep),
	};
	autojson json_t *checklist = NULL;
	struct firn_err err = { 0 };

	if (firn_owners_open(&owners, asked->policy, &err) < 0 ||
	    firn_secrets_look(common, name, rules, &more, &checklist, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	firn_secrets_remember(common, owners, checklist,
			      firn_cmd_is_archive(name));
	return firn_cmd_result(self, common, checklist, csv ? show_csv : show,
			       json_array_size(
				       json_object_get(checklist, "gaps")) > 0
				       ? FIRN_EXIT_GAPS
				       : FIRN_EXIT_OK);
}

/* What makes no sense together; NULL if it does. */
static const char *
nonsense(const struct firn_asked_secrets *asked,
	 const struct firn_common *common)
{
	const char *format = asked->format;
	bool ticks = asked->done != NULL || asked->undone != NULL;

	if (ticks + asked->status + asked->check + (asked->reveal != NULL) >
		    1 ||
	    (asked->done != NULL && asked->undone != NULL))
		return "one of --done, --undone, --status, --reveal and "
		       "--check-rules at a time";
	if (ticks && asked->by == NULL)
		return "who did it? --by WHO";
	if (!ticks && (asked->by != NULL || asked->note != NULL))
		return "--by and --note belong to --done and --undone";
	if (format != NULL && strcmp(format, "md") != 0 &&
	    strcmp(format, "json") != 0 && strcmp(format, "csv") != 0)
		return "the format is md, json or csv";
	if (common->json && format != NULL && strcmp(format, "json") != 0)
		return "--json is --format json";
	if (format != NULL && (ticks || asked->status || asked->reveal != NULL))
		return "--format is for the checklist";
	if (common->json && asked->reveal != NULL)
		return "a value is never shown as JSON";
	return NULL;
}

static enum firn_exit
dispatch(const struct firn_cmd *self, const struct firn_common *common,
	 const struct firn_asked_secrets *asked, int argc, char **argv)
{
	autodone(firn_secret_rules_close) struct firn_secret_rules *rules =
		NULL;
	struct firn_err err = { 0 };

	if (firn_secret_rules_open(&rules, asked->rules.items, asked->rules.n,
				   &err) < 0)
		return firn_cmd_failed(self, common, &err);
	if (asked->check)
		return check_rules(self, common, rules);
	if (argc != 1)
		return firn_cmd_usage(self, "a TARGET or an ARCHIVE is needed");
	if (asked->deep && firn_cmd_is_archive(argv[0]))
		return firn_cmd_usage(self, "--deep is for a TARGET: what an "
					    "archive holds of memory is "
					    "looked through anyway");
	if (asked->done != NULL || asked->undone != NULL)
		return firn_secrets_tick(self, common, asked, rules, argv[0]);
	if (asked->status)
		return firn_secrets_show_status(self, common, asked, rules,
						argv[0]);
	if (asked->reveal != NULL)
		return firn_secrets_reveal(self, common, asked, rules, argv[0]);
	return list(self, common, asked, rules, argv[0]);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	struct firn_asked_secrets asked = { 0 };
	const struct firn_opt opts[] = {
		{ 0, "format", "FORMAT", "md (the default), json or csv",
		  .string = &asked.format },
		{ 0, "policy", "FILE",
		  "owners and due times (" FIRN_POLICY_PATH ")",
		  .string = &asked.policy },
		{ 0, "done", "ITEM", "tick it off, in the case CASE",
		  .string = &asked.done },
		{ 0, "undone", "ITEM", "open it again, in the case CASE",
		  .string = &asked.undone },
		{ 0, "by", "WHO", "who rotated it", .string = &asked.by },
		{ 0, "note", "TEXT", "what the record is to say of it",
		  .string = &asked.note },
		{ 0, "status", NULL, "what is open in the case CASE",
		  .flag = &asked.status },
		{ 0, "reveal", "ITEM",
		  "show its value, on a terminal, for the record",
		  .string = &asked.reveal },
		{ 0, "rules", "DIR",
		  "rules of your own, beside those that ship",
		  .list = &asked.rules },
		{ 0, "check-rules", NULL, "try every rule on its samples",
		  .flag = &asked.check },
		{ 0, "deep", NULL, "the memory of its processes, too",
		  .flag = &asked.deep },
		FIRN_GLASS_OPTION(common),
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	enum firn_exit status;
	const char *why;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	why = nonsense(&asked, &common);
	if (why != NULL)
		return firn_cmd_usage(self, why);
	if (asked.format != NULL && strcmp(asked.format, "json") == 0)
		common.json = true;
	return dispatch(self, &common, &asked, argc, argv);
}

const struct firn_cmd firn_cmd_secrets = {
	.name = "secrets",
	.operands = "TARGET|ARCHIVE|CASE",
	.summary = "which secrets to rotate, in what order, and how",
	.more = "Values are never shown: a secret is its kind, its places and "
		"a "
		"keyed\nfingerprint. CASE is what the checklist names, or its "
		"archive.\n\n"
		"Examples:\n"
		"  firn secrets web-1 > checklist.md\n"
		"  firn secrets --json CASE.firn.tar.zst\n"
		"  firn secrets --done S-3f2a09c1 --by alice CASE\n"
		"  firn secrets --status CASE\n"
		"  firn secrets --rules /etc/firn/secrets --check-rules\n\n"
		"Exit status of --status: 0 all is done; 1 something is open, "
		"or the custody\nrecord isn't whole.\n",
	.run = run,
};
