#include "playbook.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"

/* --- check ----------------------------------------------------------------
 */

static void
show_check(FILE *out, const json_t *result)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(result, "playbooks"), i, one) {
		const char *error = firn_json_string(one, "error", NULL);

		if (error != NULL) {
			firn_show_row(out, "error", "%s", error);
			continue;
		}
		firn_show_row(out, "sound", "%s (%s)",
			      firn_json_string(one, "name", NULL),
			      firn_json_string(one, "file", NULL));
		firn_show_list(out, "warning",
			       json_object_get(one, "warnings"));
	}
}

static json_t *
checked(const struct firn_playbook *playbook)
{
	return json_pack("{s:s, s:s, s:s, s:O}", "name", playbook->name, "file",
			 playbook->file, "sha256", playbook->sha256, "warnings",
			 playbook->warnings);
}

/* Each file for itself: one that is wrong hides nothing of the others. */
static enum firn_exit
check_files(char *const *names, size_t n, json_t *playbooks)
{
	enum firn_exit status = FIRN_EXIT_OK;

	for (size_t i = 0; i < n; i++) {
		autodone(firn_playbook_close) struct firn_playbook *one = NULL;
		struct firn_err why = { 0 };

		if (firn_playbook_draft(names[i], &one, &why) == 0) {
			json_array_append_new(playbooks, checked(one));
			continue;
		}
		json_array_append_new(playbooks,
				      json_pack("{s:s, s:s}", "file", names[i],
						"error", why.text));
		status = FIRN_EXIT_NO;
	}
	return status;
}

static enum firn_exit
check_all(const struct firn_playbook_asked *asked, json_t *result)
{
	json_t *playbooks = json_object_get(result, "playbooks");
	struct firn_playbooks all = { 0 };
	struct firn_err why = { 0 };

	if (firn_playbooks_open(&all, asked->folder, &why) < 0) {
		json_array_append_new(playbooks,
				      json_pack("{s:s}", "error", why.text));
		return FIRN_EXIT_NO;
	}
	for (size_t i = 0; i < all.n; i++) {
		firn_playbook_look_here(all.items[i]);
		json_array_append_new(playbooks, checked(all.items[i]));
	}
	firn_playbooks_close(&all);
	return FIRN_EXIT_OK;
}

static bool
has_warnings(const json_t *playbooks)
{
	const json_t *one;
	size_t i;

	json_array_foreach(playbooks, i, one) {
		if (json_array_size(json_object_get(one, "warnings")) > 0)
			return true;
	}
	return false;
}

static enum firn_exit
check(const struct firn_cmd *self, const struct firn_common *common,
      const struct firn_playbook_asked *asked, char *const *names, size_t n)
{
	autojson json_t *result = json_object();
	json_t *playbooks = json_array();
	enum firn_exit status;

	json_object_set_new(result, "playbooks", playbooks);
	status = n > 0 ? check_files(names, n, playbooks)
		       : check_all(asked, result);
	if (asked->strict && has_warnings(playbooks))
		status = FIRN_EXIT_NO;
	return firn_cmd_result(self, common, result, show_check, status);
}

/* --- list -----------------------------------------------------------------
 */

static void
show_listed(FILE *out, const json_t *result)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(result, "playbooks"), i, one) {
		fprintf(out, "%-20s ", firn_json_string(one, "name", NULL));
		firn_put(out, firn_json_string(one, "description", NULL));
		fputc('\n', out);
	}
}

static enum firn_exit
list(const struct firn_cmd *self, const struct firn_common *common,
     const struct firn_playbook_asked *asked)
{
	autojson json_t *result = json_object();
	json_t *listed = json_array();
	struct firn_playbooks all = { 0 };
	struct firn_err err = { 0 };

	json_object_set_new(result, "playbooks", listed);
	if (firn_playbooks_open(&all, asked->folder, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	for (size_t i = 0; i < all.n; i++) {
		const struct firn_playbook *one = all.items[i];

		json_array_append_new(listed,
				      json_pack("{s:s, s:s, s:i, s:s, s:s}",
						"name", one->name, "file",
						one->file, "version",
						(int)one->version, "sha256",
						one->sha256, "description",
						one->description != NULL
							? one->description
							: ""));
	}
	firn_playbooks_close(&all);
	return firn_cmd_result(self, common, result, show_listed, FIRN_EXIT_OK);
}

/* --- explain --------------------------------------------------------------
 */

static void
show_part(FILE *out, const char *title, const json_t *sentences)
{
	const json_t *one;
	size_t i;

	if (json_array_size(sentences) == 0)
		return;
	fprintf(out, "\n%s\n", title);
	json_array_foreach(sentences, i, one) {
		fputs("  ", out);
		firn_put(out, json_string_value(one));
		fputc('\n', out);
	}
}

static void
show_explained(FILE *out, const json_t *explained)
{
	const char *description =
		firn_json_string(explained, "description", NULL);
	const json_t *step;
	size_t i;

	fprintf(out, "%s", firn_json_string(explained, "name", NULL));
	if (description != NULL) {
		fputs(": ", out);
		firn_put(out, description);
	}
	fputc('\n', out);
	if (json_array_size(json_object_get(explained, "when")) == 0)
		fputs("\nOnly when it is asked for by its name\n", out);
	show_part(out, "For an alert, if any of these holds",
		  json_object_get(explained, "when"));
	show_part(out, "But not if any of these holds",
		  json_object_get(explained, "except"));
	show_part(out, "Within these limits",
		  json_object_get(explained, "limits"));
	fputs("\nThis is done with the container, in this order\n", out);
	json_array_foreach(json_object_get(explained, "steps"), i, step) {
		fprintf(out, "  %zu. ", i + 1);
		firn_put(out, firn_json_string(step, "text", NULL));
		fputc('\n', out);
	}
	fputs("\nAnd in the end, also when a step failed\n  ", out);
	firn_put(out, firn_json_string(explained, "then", NULL));
	fputc('\n', out);
	show_part(out, "These are told", json_object_get(explained, "tells"));
	show_part(out, "Who starts it needs these roles of the policy",
		  json_object_get(explained, "needs"));
	show_part(out, "Warnings", json_object_get(explained, "warnings"));
}

static enum firn_exit
explain(const struct firn_cmd *self, const struct firn_common *common,
	const struct firn_playbook_asked *asked, char *const *names)
{
	struct firn_playbooks found = { 0 };
	autojson json_t *explained = NULL;
	struct firn_err err = { 0 };

	if (firn_playbooks_asked(asked, names, 1, &found, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	explained = firn_playbook_explain(found.items[0]);
	firn_playbooks_close(&found);
	return firn_cmd_result(self, common, explained, show_explained,
			       FIRN_EXIT_OK);
}

/* --- export ---------------------------------------------------------------
 */

static void
show_document(FILE *out, const json_t *document)
{
	json_dumpf(document, out, JSON_INDENT(2));
	fputc('\n', out);
}

static enum firn_exit
export_cacao(const struct firn_cmd *self, const struct firn_common *common,
	     const struct firn_playbook_asked *asked, char *const *names)
{
	struct firn_playbooks found = { 0 };
	autojson json_t *document = NULL;
	struct firn_err err = { 0 };
	int done;

	if (!asked->cacao)
		return firn_cmd_usage(self, "--cacao is the one form that it "
					    "can be exported in");
	if (firn_playbooks_asked(asked, names, 1, &found, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	done = firn_playbook_cacao(found.items[0], &document, &err);
	firn_playbooks_close(&found);
	return done < 0 ? firn_cmd_failed(self, common, &err)
			: firn_cmd_result(self, common, document, show_document,
					  FIRN_EXIT_OK);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	struct firn_playbook_asked asked = { 0 };
	const struct firn_opt opts[] = {
		{ 0, "folder", "DIR", "instead of " FIRN_PLAYBOOKS,
		  .string = &asked.folder },
		{ 0, "strict", NULL, "check: a warning is a no",
		  .flag = &asked.strict },
		{ 0, "target", "TARGET", "test: as if this had been found",
		  .string = &asked.target },
		{ 0, "source", "NAME", "test: as if this sender had sent it",
		  .string = &asked.source },
		{ 0, "cacao", NULL, "export: as OASIS CACAO 2.0",
		  .flag = &asked.cacao },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	enum firn_exit status;
	char **names = argv + 1;
	size_t n;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 1, 256, &status))
		return status;
	n = (size_t)argc - 1;
	if (strcmp(argv[0], "check") == 0)
		return check(self, &common, &asked, names, n);
	if (strcmp(argv[0], "test") == 0)
		return firn_playbook_test(self, &common, &asked, names, n);
	if (strcmp(argv[0], "list") == 0 && n == 0)
		return list(self, &common, &asked);
	if (strcmp(argv[0], "explain") == 0 && n == 1)
		return explain(self, &common, &asked, names);
	if (strcmp(argv[0], "export") == 0 && n == 1)
		return export_cacao(self, &common, &asked, names);
	return firn_cmd_usage(self, "check, list, explain NAME, test or export "
				    "NAME is expected");
}

const struct firn_cmd firn_cmd_playbook = {
	.name = "playbook",
	.operands = "check|list|explain|test|export [NAME|FILE]...",
	.summary = "what is done about an alert: checked, explained, tried",
	.more = "  check [FILE]...         is it sound, and what of it can't "
		"be "
		"done yet?\n"
		"  list                    all, in the order in which they are "
		"tried\n"
		"  explain NAME|FILE       read it aloud\n"
		"  test [NAME|FILE]...     alerts on stdin: which playbook, "
		"why, "
		"on which\n"
		"                          container, and what it would do; "
		"does "
		"nothing\n"
		"  export --cacao NAME|FILE\n\n"
		"Examples:\n"
		"  firn playbook explain crypto-miner\n"
		"  firn playbook check --strict " FIRN_PLAYBOOKS "/*.yaml\n"
		"  firn playbook test --source falco < alert.json\n"
		"  firn playbook export --cacao web-shell > web-shell.json\n\n"
		"Exit status 1: check: one isn't sound; test: an alert would "
		"lead to nothing.\n",
	.run = run,
};
