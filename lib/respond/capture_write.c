#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
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
