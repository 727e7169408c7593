/*
 * resolve -- what firn makes of a name, for the tests that are scripts.
 *
 *	resolve [--root DIR] list
 *	resolve [--root DIR] TARGET
 *
 * Prints JSON: of firn_targets(), or of firn_target_json() with "witnesses",
 * "disagreements", "records", "environment", "mounts".  Ends with 4 for a
 * refusal and 5 for a failure, the message on stderr.
 */

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/target.h"

static json_t *
records_json(const struct firn_target *target)
{
	json_t *records = json_array();

	for (size_t i = 0; i < target->n_records; i++) {
		json_t *record = json_object();

		firn_json_text(record, "path", target->records[i].path);
		firn_json_text(record, "name", target->records[i].name);
		json_array_append_new(records, record);
	}
	return records;
}

static json_t *
describe(const struct firn_target *target)
{
	json_t *json = firn_target_json(target);

	json_object_set(json, "witnesses", target->witnesses);
	json_object_set(json, "disagreements", target->disagreements);
	json_object_set(json, "environment", target->environment);
	json_object_set(json, "mounts", target->config_mounts);
	json_object_set_new(json, "records", records_json(target));
	return json;
}

int
main(int argc, char **argv)
{
	autodone(firn_target_close) struct firn_target *target = NULL;
	autodone(firn_host_close) struct firn_host host = { -1, -1 };
	autojson json_t *json = NULL;
	const char *root = "/";
	struct firn_err err = { 0 };
	int done = 0;

	if (argc == 4 && strcmp(argv[1], "--root") == 0) {
		root = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc != 2)
		return 2;
	if (firn_host_open(&host, root, &err) < 0)
		done = -1;
	else if (strcmp(argv[1], "list") == 0)
		done = firn_targets(&host, &json, &err);
	else if ((done = firn_target_open(&target, &host, argv[1], &err)) ==
			 0 &&
		 (done = firn_target_scan(target, &err)) == 0)
		json = describe(target);
	if (done < 0) {
		fprintf(stderr, "resolve: %s\n", err.text);
		return firn_target_refused(&err) ? 4 : 5;
	}
	json_dumpf(json, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	putchar('\n');
	return 0;
}
