#ifndef TESTS_RECORDED_H
#define TESTS_RECORDED_H

/*
 * recorded -- a host (tests/data/exposure/host.json) on which a container runs
 * that nothing is wrong with, as members of an archive; and others by what is
 * different there.
 */

#include <stdio.h>
#include <string.h>

#include "assess/exposure/facts.h"
#include "base/auto.h"
#include "base/json.h"
#include "firn/exposure.h"

static struct firn_err err;

static inline json_t *
recorded(const char *name)
{
	char path[256];
	json_error_t why;
	json_t *json;

	snprintf(path, sizeof(path), TEST_DATA "/exposure/%s.json", name);
	json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	ck_assert_msg(json != NULL, "%s: line %d: %s", path, why.line,
		      why.text);
	return json;
}

static inline bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static inline void
take(struct firn_facts *facts, const char *path, const json_t *value)
{
	const json_t *line;
	size_t i;

	firn_facts_take(facts, path, "", 0);
	if (json_is_string(value)) {
		firn_facts_take(facts, path, json_string_value(value),
				json_string_length(value));
		return;
	}
	if (!ends_with(path, ".jsonl") || !json_is_array(value)) {
		autofree char *text = json_dumps(value, JSON_ENCODE_ANY);

		firn_facts_take(facts, path, text, strlen(text));
		return;
	}
	json_array_foreach(value, i, line) {
		autofree char *text = json_dumps(line, JSON_ENCODE_ANY);

		firn_facts_take(facts, path, text, strlen(text));
		firn_facts_take(facts, path, "\n", 1);
	}
}

static inline json_t *
recorded_judge(const json_t *host)
{
	struct firn_facts facts;
	const char *path;
	json_t *value, *result = NULL;

	ck_ok(firn_facts_open(&facts, &err));
	json_object_foreach((json_t *)(uintptr_t)host, path, value) {
		take(&facts, path, value);
	}
	ck_ok(firn_exposure_judge(&facts, &result, &err));
	firn_facts_close(&facts);
	return result;
}

/* The recorded host with what is different. */
static inline json_t *
recorded_host(const json_t *different)
{
	json_t *host = recorded("host");
	json_t *process = json_array_get(
		json_object_get(host, "data/processes/processes.jsonl"), 0);

	json_object_update(host, json_object_get(different, "set"));
	json_object_update_recursive(process, json_object_get(different,
							      "first_process"));
	return host;
}

#endif
