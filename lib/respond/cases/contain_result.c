#include "respond/cases/contain_result.h"

#include "base/json.h"

static json_t *
pick(const json_t *said, const char *const *keys)
{
	json_t *result = json_object();

	for (; *keys != NULL; keys++)
		if (json_object_get(said, *keys) != NULL)
			json_object_set(result, *keys,
					json_object_get(said, *keys));
	return result;
}

/* On the cgroup, and then at the interfaces. */
static json_t *
cuts_of(const json_t *said)
{
	static const char *const keys[] = { "state",  "already",     "open",
					    "keeper", "shared_with", NULL };
	const json_t *links = json_object_get(said, "isolate_links");
	json_t *result = pick(links, keys), *methods = json_array();

	json_array_extend(methods,
			  firn_json_at(said, "isolate", "methods", NULL));
	json_array_extend(methods, json_object_get(links, "methods"));
	json_object_set_new(result, "methods", methods);
	return result;
}

json_t *
firn_contain_result(const json_t *said, enum firn_step_kind kind)
{
	static const char *const of_freeze[] = { "state",      "already",
						 "elapsed_us", "processes",
						 "keeper",     "hold_error",
						 NULL };
	static const char *const of_capture[] = {
		"archive", "seal",     "signer",    "complete", "partial",
		"members", "bytes_in", "bytes_out", "gaps",     "secrets",
		"node",    "state",    "times",     NULL
	};

	if (kind == FIRN_STEP_FREEZE)
		return pick(json_object_get(said, "freeze"), of_freeze);
	if (kind == FIRN_STEP_ISOLATE)
		return cuts_of(said);
	return pick(said, of_capture);
}
