#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "firn/exposure.h"
#include "respond/capture_run.h"
#include "respond/case_json.h"

int
firn_run_write_case(struct firn_run *run, struct firn_err *err)
{
	static const struct firn_member_source source = {
		.source = "the capture itself",
		.meaning = "firn-archive(5)",
	};
	autojson json_t *json = firn_case_json(run->target, run->how);

	return firn_archive_json(run->archive, "data/case.json", json, &source,
				 err);
}

static int
write_checklist(struct firn_run *run, json_t *checklist, struct firn_err *err)
{
	static const struct firn_member_source source = {
		.collector = "secrets",
		.source = "what was collected",
		.meaning = "firn(1), secrets",
	};
	autofree char *markdown = firn_secrets_markdown(checklist);

	if (markdown == NULL)
		return firn_err_nomem(err);
	if (firn_archive_json(run->archive, "data/assess/secrets.json",
			      checklist, &source, err) < 0)
		return -1;
	return firn_archive_bytes(run->archive, "data/assess/secrets.md",
				  markdown, strlen(markdown), &source, err);
}

static json_t *
in_short(const json_t *checklist)
{
	const json_t *items = json_object_get(checklist, "items"), *item;
	json_int_t urgent = 0;
	size_t i;

	json_array_foreach(items, i, item) {
		const char *priority = firn_json_string(item, "priority", NULL);

		urgent += priority != NULL && strcmp(priority, "P0") == 0;
	}
	return json_pack("{s:I, s:I}", "items",
			 (json_int_t)json_array_size(items), "urgent", urgent);
}

static int
make_checklist(struct firn_run *run, json_t **ret, struct firn_err *err)
{
	autodone(firn_secret_rules_close) struct firn_secret_rules *own = NULL;
	const struct firn_secret_rules *rules = run->how->rules;

	if (rules == NULL) {
		if (firn_secret_rules_open(&own, NULL, 0, err) < 0)
			return -1;
		rules = own;
	}
	return firn_secrets_of_target(run->target, rules, run->how->of, ret,
				      err);
}

int
firn_run_assess(struct firn_run *run, struct firn_err *err)
{
	autojson json_t *checklist = NULL;
	struct firn_err why = { 0 };

	if (make_checklist(run, &checklist, &why) < 0) {
		firn_archive_gap(run->archive, "secrets", "the checklist",
				 &why);
		return 0;
	}
	json_object_set_new(run->result, "secrets", in_short(checklist));
	return write_checklist(run, checklist, err);
}

/* The verdict, and what it rests on most. */
static json_t *
verdict_in_short(const json_t *exposure)
{
	const json_t *first =
		json_array_get(json_object_get(exposure, "reasons"), 0);
	json_t *result = json_object();

	json_object_set(result, "verdict",
			json_object_get(exposure, "verdict"));
	json_object_set(result, "strongest", json_object_get(first, "fact"));
	return result;
}

int
firn_run_write_exposure(struct firn_run *run, struct firn_err *err)
{
	static const struct firn_member_source source = {
		.collector = "exposure",
		.source = "what was collected",
		.meaning = "firn(1), exposure",
	};
	autojson json_t *exposure = NULL;
	autofree char *markdown = NULL;
	struct firn_err why = { 0 };

	firn_archive_tap(run->archive, NULL);
	if (firn_exposure_judge(&run->facts, &exposure, &why) < 0) {
		firn_archive_gap(run->archive, "exposure", "the verdict", &why);
		return 0;
	}
	markdown = firn_exposure_markdown(exposure);
	if (markdown == NULL)
		return firn_err_nomem(err);
	json_object_set_new(run->result, "node", verdict_in_short(exposure));
	if (firn_archive_json(run->archive, "data/assess/exposure.json",
			      exposure, &source, err) < 0)
		return -1;
	return firn_archive_bytes(run->archive, "data/assess/exposure.md",
				  markdown, strlen(markdown), &source, err);
}

/* What others did meanwhile: "action" and "phase" as in the ledger. */
static int
write_seen(struct firn_run *run, const char *key, const char *action,
	   struct firn_err *err)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(run->seen, key), i, one) {
		autojson json_t *line = json_object();

		json_object_set(line, "time", json_object_get(one, "time"));
		json_object_set_new(line, "action", json_string(action));
		json_object_set_new(line, "phase", json_string("seen"));
		json_object_set_new(line, "details", json_deep_copy(one));
		if (firn_archive_containment(run->archive, line, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_run_write_containment(struct firn_run *run, struct firn_err *err)
{
	const json_t *lines = firn_ledger_lines(run->ledger), *line;
	autojson json_t *frozen = NULL;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (firn_archive_containment(run->archive, line, err) < 0)
			return -1;
	}
	if (run->seen == NULL)
		return 0;
	if (write_seen(run, "thawed_meanwhile", "thaw", err) < 0 ||
	    write_seen(run, "killed", "kill", err) < 0)
		return -1;
	frozen = json_pack("{s:s, s:s, s:{s:O}}", "action", "watch", "phase",
			   "confirmed", "details", "cpu_us",
			   json_object_get(run->seen, "cpu_us"));
	return firn_archive_containment(run->archive, frozen, err);
}

static int
add_lines(struct firn_buf *text, const json_t *array, struct firn_err *err)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		autofree char *line = firn_json_line(item);

		if (line == NULL)
			return firn_err_nomem(err);
		firn_buf_addf(text, "%s\n", line);
	}
	return firn_buf_check(text, err);
}

int
firn_run_write_attempts(struct firn_run *run, struct firn_err *err)
{
	static const struct firn_member_source source = {
		.source = "BPF programs of isolate",
		.meaning = "firn(1), isolate --log",
	};
	autojson json_t *attempts = NULL;
	autobuf struct firn_buf text = { 0 };

	if (!run->how->isolate || !run->how->isolation.log)
		return 0;
	if (firn_attempts(run->ledger, &attempts, err) < 0 ||
	    add_lines(&text, attempts, err) < 0)
		return -1;
	if (attempts != NULL)
		json_object_set(run->result, "attempts", attempts);
	return firn_archive_bytes(run->archive, "data/network/attempts.jsonl",
				  text.len > 0 ? text.data : "", text.len,
				  &source, err);
}
