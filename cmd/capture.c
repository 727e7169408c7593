#include "capture.h"
#include "cmd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/duration.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/audit.h"
#include "firn/capture.h"
#include "firn/freeze.h"
#include "isolation.h"
#include "permit.h"
#include "progress.h"
#include "traffic.h"

static void
show_alarms(FILE *out, const json_t *result)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(result, "thawed_meanwhile"), i,
			   one) {
		const char *comm = firn_json_string(one, "by", "comm", NULL);

		firn_show_row(out, "thawed", "meanwhile, by %s%s%s",
			      comm != NULL ? comm : "somebody",
			      json_is_true(json_object_get(one, "ran"))
				      ? ", and it ran"
				      : ", and nothing ran",
			      json_is_true(json_object_get(one, "refrozen"))
				      ? "; frozen again"
				      : "");
	}
	json_array_foreach(json_object_get(result, "killed"), i, one) {
		firn_show_row(out, "killed",
			      "meanwhile, by signal %lld: thread %lld (%s)",
			      (long long)json_integer_value(
				      json_object_get(one, "signal")),
			      (long long)json_integer_value(
				      json_object_get(one, "tid")),
			      firn_json_string(one, "comm", NULL));
	}
}

static void
show_verdict(FILE *out, const json_t *node)
{
	const char *verdict = firn_json_string(node, "verdict", NULL);
	const char *fact = firn_json_string(node, "strongest", NULL);

	if (verdict == NULL)
		return;
	if (fact == NULL || strcmp(verdict, "no sign") == 0)
		firn_show_row(out, "node", "%s that it is exposed", verdict);
	else
		firn_show_row(out, "node", "%s: %s; firn exposure ARCHIVE",
			      strcmp(verdict, "possible") == 0
				      ? "possibly exposed"
				      : verdict,
			      fact);
}

static void
show(FILE *out, const json_t *result)
{
	char in[FIRN_SIZE_TEXT], written[FIRN_SIZE_TEXT];
	json_int_t gaps = json_integer_value(json_object_get(result, "gaps"));
	bool partial = json_is_true(json_object_get(result, "partial"));

	firn_size_text((unsigned long long)json_integer_value(
			       json_object_get(result, "bytes_in")),
		       in);
	firn_size_text((unsigned long long)json_integer_value(
			       json_object_get(result, "bytes_out")),
		       written);
	fprintf(out, "%s ",
		partial ? "cut short: captured a part of" : "captured");
	firn_show_target(out, json_object_get(result, "target"));
	fputc('\n', out);
	firn_show_row(out, "archive", "%s",
		      firn_json_string(result, "archive", NULL));
	firn_show_row(out, "seal", "%s",
		      firn_json_string(result, "seal", NULL));
	firn_show_row(out, "signer", "%s",
		      firn_json_string(result, "signer", NULL));
	firn_show_row(out, "holds", "%lld members, %s, %s compressed",
		      (long long)json_integer_value(
			      json_object_get(result, "members")),
		      in, written);
	if (gaps == 0)
		firn_show_row(out, "gaps", "none");
	else
		firn_show_row(out, "gaps", "%lld, in data/gaps.jsonl",
			      (long long)gaps);
	firn_show_reset(out, json_object_get(result, "reset"));
	firn_show_attempts(out, json_object_get(result, "attempts"));
	firn_show_times(out, json_object_get(result, "times"));
	firn_show_consequences(out, firn_json_at(result, "freeze",
						 "consequences", NULL));
	show_alarms(out, result);
	firn_show_row(out, "left", "%s",
		      firn_json_string(result, "state", NULL));
	if (json_is_object(json_object_get(result, "secrets")))
		firn_show_row(out, "secrets",
			      "%lld to rotate, %lld of them at once: "
			      "firn secrets ARCHIVE",
			      (long long)json_integer_value(
				      firn_json_at(result, "secrets", "items",
						   NULL)),
			      (long long)json_integer_value(
				      firn_json_at(result, "secrets", "urgent",
						   NULL)));
	show_verdict(out, json_object_get(result, "node"));
	firn_show_row(out, "check", "firn verify %s",
		      firn_json_string(result, "archive", NULL));
}

static void
show_collectors(FILE *out, const json_t *result)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(result, "collectors"), i, item) {
		fprintf(out, "%-12s %s%s\n",
			firn_json_string(item, "name", NULL),
			firn_json_string(item, "summary", NULL),
			json_is_true(json_object_get(item, "built"))
				? ""
				: " (not yet)");
	}
}

static enum firn_exit
list_collectors(const struct firn_cmd *self, const struct firn_common *common)
{
	autojson json_t *result = json_object();
	json_t *items = json_array();
	size_t n;
	const struct firn_collector *const *all = firn_collectors(&n);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(items,
				      json_pack("{s:s, s:s, s:s, s:b}", "name",
						all[i]->name, "summary",
						all[i]->summary, "source",
						all[i]->source, "built",
						all[i]->collect != NULL));
	json_object_set_new(result, "collectors", items);
	return firn_cmd_result(self, common, result, show_collectors,
			       FIRN_EXIT_OK);
}

static enum firn_exit
status_of(const json_t *result)
{
	const char *freeze = firn_json_string(result, "freeze", "state", NULL);

	if (json_is_true(json_object_get(result, "partial")))
		return FIRN_EXIT_FAILED;
	if (json_integer_value(json_object_get(result, "gaps")) > 0 ||
	    (freeze != NULL && strcmp(freeze, "partial") == 0))
		return FIRN_EXIT_GAPS;
	return FIRN_EXIT_OK;
}

/* The result goes to stdout, unless the archive does. */
static enum firn_exit
report(const struct firn_cmd *self, const struct firn_common *common,
       const struct firn_capture *how, const json_t *result)
{
	enum firn_exit status = status_of(result);

	if (status == FIRN_EXIT_FAILED)
		fprintf(stderr,
			"firn %s: the disk is full; what was read until then "
			"is sealed and verifies; capture again with -o on "
			"another disk\n",
			self->name);
	if (how->path != NULL)
		return firn_cmd_result(self, common, result, show, status);
	if (!common->quiet)
		show(stderr, result);
	return status;
}

static void
set_options(struct firn_capture *how, const struct firn_asked *asked)
{
	how->only = asked->only.n > 0 ? asked->only.items : NULL;
	how->n_only = asked->only.n;
	how->what.volumes = asked->volumes.items;
	how->what.n_volumes = asked->volumes.n;
	how->isolate = asked->isolate;
	how->keep_frozen = asked->keep_frozen;
	how->leave_running = asked->no_freeze;
	how->freezing.timeout_ms = asked->timeout_ms;
	how->freezing.max_s = asked->max_freeze_s;
	how->freezing.leave_escaped = asked->leave_escaped;
	how->freezing.hold = asked->hold;
	how->leave_tasks = asked->no_hold_tasks;
	how->leave_thawed = asked->no_refreeze;
}

/* Not for --quiet to keep back. */
static void
sound_alarm(const char *text, void *arg)
{
	const struct firn_common loud = { 0 };

	(void)arg;
	if (firn_progress_wanted(false))
		firn_progress_clear();
	firn_cmd_say(&loud, "%s", text);
}

/* It may take minutes until the end, and the power fail before. */
static void
make_last(const json_t *so_far, void *arg)
{
	struct firn_err err = { 0 };

	(void)so_far;
	if (firn_audit_sync(&err) < 0)
		sound_alarm(err.text, arg);
}

static int
capture(const struct firn_asked *asked, const struct firn_common *common,
	struct firn_scene *scene, struct firn_capture *how, json_t **ret,
	struct firn_err *err)
{
	autodone(firn_key_close) struct firn_key *key = NULL;
	autodone(firn_secret_rules_close) struct firn_secret_rules *rules =
		NULL;
	bool progress = firn_progress_wanted(common->quiet);
	int done;

	if (firn_cmd_key(common, asked->key, &key, err) < 0 ||
	    firn_scene_ledger(scene, err) < 0)
		return -1;
	/* Somebody's own are tried before anything is touched. */
	if (asked->rules.n > 0 &&
	    firn_secret_rules_open(&rules, asked->rules.items, asked->rules.n,
				   err) < 0)
		return -1;
	how->key = key;
	how->rules = rules;
	how->alarm = sound_alarm;
	how->contained = make_last;
	how->progress = progress ? firn_progress_show : NULL;
	done = firn_capture(scene->target, scene->ledger, how, ret, err);
	if (progress)
		firn_progress_clear();
	return done;
}

static int
permitted(struct firn_scene *scene, const struct firn_cmd *self,
	  const struct firn_common *common, const struct firn_asked *asked,
	  const struct firn_capture *how, struct firn_err *err)
{
	unsigned roles = firn_capture_roles(asked);

	return asked->isolate && how->isolation.whole_pod
		       ? firn_scene_permitted_pod(scene, self->name, common,
						  roles, err)
		       : firn_scene_permitted(scene, self->name, common, roles,
					      err);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	struct firn_common common = { 0 };
	struct firn_asked asked = { .timeout_ms = FIRN_FREEZE_TIMEOUT_MS };
	const struct firn_opt opts[] = {
		{ 'o', "output", "FILE", "a file, a folder, or - for stdout",
		  .string = &asked.output },
		{ 'k', "key", "FILE", "sign with this key (" FIRN_KEY_PATH ")",
		  .string = &asked.key },
		{ 'i', "isolate", NULL,
		  "cut its network first, and leave it cut",
		  .flag = &asked.isolate },
		FIRN_ISOLATION_OPTIONS(asked.isolation),
		{ 0, "keep-frozen", NULL, "leave it frozen at the end",
		  .flag = &asked.keep_frozen },
		{ 0, "max-freeze", "TIME", "thaw by itself after 90s, 10m, 2h",
		  .string = &asked.max_freeze },
		{ 0, "hold", NULL,
		  "move it into frozen cgroups that the platform doesn't know",
		  .flag = &asked.hold },
		{ 0, "no-hold-tasks", NULL,
		  "let what is killed meanwhile die at once",
		  .flag = &asked.no_hold_tasks },
		{ 0, "no-refreeze", NULL,
		  "don't freeze it again if somebody thaws it meanwhile",
		  .flag = &asked.no_refreeze },
		{ 0, "no-freeze", NULL, "read it while it runs",
		  .flag = &asked.no_freeze },
		{ 0, "leave-escaped", NULL,
		  "only report what is outside its cgroup",
		  .flag = &asked.leave_escaped },
		{ 't', "timeout", "MS",
		  "declare the freeze partial after MS "
		  "milliseconds (2000)",
		  .number = &asked.timeout_ms },
		{ 0, "only", "NAME", "run this collector; may be repeated",
		  .list = &asked.only },
		{ 0, "volume", "PATH",
		  "take in this bind mount; all for every "
		  "one",
		  .list = &asked.volumes },
		{ 0, "rules", "DIR",
		  "secret rules of your own, beside those "
		  "that ship",
		  .list = &asked.rules },
		FIRN_FORCE_OPTION(scene),
		FIRN_GLASS_OPTION(common),
		{ 'l', "list", NULL, "list the collectors",
		  .flag = &asked.list },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	struct firn_case of;
	struct firn_capture how = {
		.of = &of,
		.fd = STDOUT_FILENO,
	};
	autofree char *path = NULL;
	autojson json_t *result = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	if (asked.list)
		return list_collectors(self, &common);
	if (argc != 1)
		return firn_cmd_usage(self, "one TARGET is needed");
	if (firn_asked_isolation(&asked.isolation, &how.isolation, &err) < 0 ||
	    (asked.max_freeze != NULL &&
	     firn_duration_parse(asked.max_freeze, &asked.max_freeze_s, &err) <
		     0))
		return firn_cmd_usage(self, err.text);
	if (firn_scene_open(&scene, &common, argv[0], &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	if (common.dry_run)
		return firn_capture_plan(self, &common, &asked, &how.isolation,
					 &scene);
	if (firn_case_open(&of, common.case_id, scene.target->id, &err) < 0 ||
	    firn_capture_path(asked.output, of.id, &path, &err) < 0)
		return firn_cmd_failed(self, &common, &err);

	how.path = path;
	how.authority = &scene.authority;
	scene.authority.case_id = of.id;
	set_options(&how, &asked);
	if (path == NULL && isatty(STDOUT_FILENO))
		return firn_cmd_usage(self, "an archive on a terminal is of no "
					    "use: redirect stdout");
	firn_scene_announce(&scene, self, &common, argv[0]);
	if (permitted(&scene, self, &common, &asked, &how, &err) < 0 ||
	    capture(&asked, &common, &scene, &how, &result, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	return firn_scene_settled(&scene, self,
				  report(self, &common, &how, result));
}

const struct firn_cmd firn_cmd_capture = {
	.name = "capture",
	.operands = "TARGET",
	.summary = "everything that an examiner will ask for, in a sealed "
		   "archive",
	.more = "It is frozen while it is read, and thawed after if firn froze "
		"it for this.\n\n"
		"Examples:\n"
		"  firn capture web-1\n"
		"  firn capture --isolate --keep-frozen -o /evidence/ web-1\n"
		"  firn capture -o - web-1 | ssh lab 'cat > web-1.firn.tar.zst'"
		"\n\n"
		"Exit status 3: sealed, with gaps, which it lists; 5: failed; "
		"a .partial that is\nleft verifies as far as it goes.\n",
	.run = run,
};
