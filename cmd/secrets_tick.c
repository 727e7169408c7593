#include "secrets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "evidence/case_folder.h"
#include "firn/rotation.h"

/*
 * secrets_tick -- the checklist as it is worked through: ticking off, and how
 * far it is.
 */

/* --- CASE -----------------------------------------------------------------
 */

/* A lab has the archive alone: its checklist becomes the case's. */
static int
take_archive(const struct firn_common *common,
	     const struct firn_asked_secrets *asked,
	     const struct firn_secret_rules *rules, const char *name,
	     struct firn_err *err)
{
	autodone(firn_owners_close) struct firn_owners *owners = NULL;
	autoclose int archive_fd = firn_open_archive(name);
	autojson json_t *checklist = NULL;

	if (firn_owners_open(&owners, asked->policy, err) < 0 ||
	    firn_secrets_of_archive(archive_fd, rules, &checklist, err) < 0)
		return -1;
	firn_secrets_remember(common, owners, checklist, true);
	return 0;
}

static int
open_case(const struct firn_common *common,
	  const struct firn_asked_secrets *asked,
	  const struct firn_secret_rules *rules, const char *name,
	  int *ret_cases_fd, char ret_id[FIRN_CASE_ID], struct firn_err *err)
{
	autoclose int cases_fd = firn_case_folder(err), archive_fd = -1;
	autojson json_t *kept = NULL;
	struct firn_err none = { 0 };

	if (cases_fd < 0)
		return -1;
	if (strcmp(name, "-") != 0)
		archive_fd = firn_open_archive(name);
	if (archive_fd < 0)
		snprintf(ret_id, FIRN_CASE_ID, "%s", name);
	else if (firn_secrets_case(archive_fd, ret_id, err) < 0)
		return -1;
	if (archive_fd >= 0 &&
	    firn_rotation_kept(cases_fd, ret_id, &kept, &none) < 0 &&
	    take_archive(common, asked, rules, name, err) < 0)
		return -1;
	*ret_cases_fd = firn_steal_fd(&cases_fd);
	return 0;
}

/* --- ticking off ----------------------------------------------------------
 */

static void
show_tick(FILE *out, const json_t *result)
{
	const char *item = firn_json_string(result, "item", NULL);
	const char *title = firn_json_string(result, "title", NULL);
	const char *id = firn_json_string(result, "case", NULL);
	bool done = json_is_true(json_object_get(result, "done"));
	bool dry = json_is_true(json_object_get(result, "dry_run"));

	firn_put(out, item != NULL ? item : "?");
	fputs(" ", out);
	firn_put(out, title != NULL ? title : "?");
	fprintf(out, "%s %s", dry ? ": would be" : ":",
		done ? "done" : "open again");
	if (dry) {
		fputc('\n', out);
		return;
	}
	fprintf(out, "; %lld open in case %s\n",
		(long long)json_integer_value(json_object_get(result, "open")),
		id != NULL ? id : "?");
}

static int
only_say(int cases_fd, const char *id, const struct firn_tick *tick,
	 json_t **ret, struct firn_err *err)
{
	autojson json_t *kept = NULL;
	json_t *item;

	if (firn_rotation_kept(cases_fd, id, &kept, err) < 0 ||
	    firn_rotation_find(kept, tick->item, &item, err) < 0)
		return -1;
	*ret = json_pack("{s:b, s:s, s:O, s:O, s:b}", "dry_run", 1, "case", id,
			 "item", json_object_get(item, "id"), "title",
			 json_object_get(item, "title"), "done", !tick->undo);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}

enum firn_exit
firn_secrets_tick(const struct firn_cmd *self, const struct firn_common *common,
		  const struct firn_asked_secrets *asked,
		  const struct firn_secret_rules *rules, const char *name)
{
	const struct firn_tick tick = {
		.item = asked->done != NULL ? asked->done : asked->undone,
		.by = asked->by,
		.note = asked->note,
		.undo = asked->undone != NULL,
	};
	autojson json_t *result = NULL;
	autoclose int cases_fd = -1;
	struct firn_err err = { 0 };
	char id[FIRN_CASE_ID];
	int done;

	if (open_case(common, asked, rules, name, &cases_fd, id, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	done = common->dry_run
		       ? only_say(cases_fd, id, &tick, &result, &err)
		       : firn_rotation_tick(cases_fd, id, &tick, &result, &err);
	if (done < 0)
		return firn_cmd_failed(self, common, &err);
	return firn_cmd_result(self, common, result, show_tick, FIRN_EXIT_OK);
}

/* --- how far it is --------------------------------------------------------
 */

static const char *
text_of(const json_t *row, const char *key, const char *otherwise)
{
	const char *text = firn_json_string(row, key, NULL);

	return text != NULL ? text : otherwise;
}

static void
show_open(FILE *out, const json_t *row)
{
	firn_show_row(out, "open", "%s  %s %s; %s first; owner %s, due %s%s",
		      text_of(row, "item", "?"), text_of(row, "priority", "?"),
		      text_of(row, "title", "?"),
		      text_of(row, "first", "revoke"),
		      text_of(row, "owner", "nobody"),
		      text_of(row, "due", "never"),
		      json_is_true(json_object_get(row, "overdue"))
			      ? ": OVERDUE"
			      : "");
}

static void
show_done(FILE *out, const json_t *row)
{
	const char *note = firn_json_string(row, "note", NULL);

	firn_show_row(out, "done", "%s  %s %s; by %s at %s%s%s",
		      text_of(row, "item", "?"), text_of(row, "priority", "?"),
		      text_of(row, "title", "?"), text_of(row, "by", "?"),
		      text_of(row, "at", "?"), note != NULL ? ": " : "",
		      note != NULL ? note : "");
}

static void
show_custody(FILE *out, const json_t *custody)
{
	const json_t *failure, *torn = json_object_get(custody, "torn");
	size_t i;

	firn_show_row(out, "custody", "%lld lines, %s; digest of the last %s",
		      (long long)json_integer_value(
			      json_object_get(custody, "lines")),
		      json_is_true(json_object_get(custody, "intact"))
			      ? "a whole chain"
			      : "NOT A CHAIN",
		      text_of(custody, "head", "none"));
	json_array_foreach(json_object_get(custody, "failures"), i, failure) {
		firn_show_row(out, "", "line %lld: %s",
			      (long long)json_integer_value(
				      json_object_get(failure, "line")),
			      text_of(failure, "why", "?"));
	}
	if (torn != NULL)
		firn_show_row(out, "",
			      "%lld bytes at its end are no line: a "
			      "power cut, or somebody's hand",
			      (long long)json_integer_value(torn));
}

static void
show_status(FILE *out, const json_t *result)
{
	const json_t *open = json_object_get(result, "open");
	const json_t *done = json_object_get(result, "done"), *row;
	size_t i;

	fprintf(out, "case %s: %zu open, %lld of them overdue; %zu done\n",
		text_of(result, "case", "?"), json_array_size(open),
		(long long)json_integer_value(
			json_object_get(result, "overdue")),
		json_array_size(done));
	json_array_foreach(open, i, row) {
		show_open(out, row);
	}
	json_array_foreach(done, i, row) {
		show_done(out, row);
	}
	show_custody(out, json_object_get(result, "custody"));
}

enum firn_exit
firn_secrets_show_status(const struct firn_cmd *self,
			 const struct firn_common *common,
			 const struct firn_asked_secrets *asked,
			 const struct firn_secret_rules *rules,
			 const char *name)
{
	autojson json_t *result = NULL;
	autoclose int cases_fd = -1;
	struct firn_err err = { 0 };
	char id[FIRN_CASE_ID];
	bool all;

	if (open_case(common, asked, rules, name, &cases_fd, id, &err) < 0 ||
	    firn_rotation_status(cases_fd, id, &result, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	all = json_array_size(json_object_get(result, "open")) == 0 &&
	      json_is_true(firn_json_at(result, "custody", "intact", NULL));
	return firn_cmd_result(self, common, result, show_status,
			       all ? FIRN_EXIT_OK : FIRN_EXIT_NO);
}
