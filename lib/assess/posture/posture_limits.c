#include <string.h>

#include "assess/exposure/checks.h"
#include "assess/posture/posture.h"
#include "base/json.h"

/*
 * posture_limits -- what it is kept from: writing its root, taking all, going
 * out.
 *
 * Source: runtime-spec, config-linux: memory, cpu and pids.
 */

enum firn_answer
firn_has_read_only_root(struct firn_answering *answering)
{
	const json_t *root = firn_view_mount(answering->view, "/");

	if (root == NULL)
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "its mounts were not captured");
	return firn_answer(answering,
			   firn_view_writable(root) ? FIRN_FAIL : FIRN_PASS,
			   "its root is mounted %s",
			   firn_view_writable(root) ? "writable" : "read-only");
}

enum firn_answer
firn_has_no_runtime_socket(struct firn_answering *answering)
{
	const char *where;

	if (firn_facts_json(answering->view->facts,
			    "data/mounts/mounts.jsonl") == NULL)
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "its mounts were not captured");
	where = firn_runtime_socket(answering->view);
	if (where != NULL)
		return firn_answer(answering, FIRN_FAIL,
				   "one can be reached through %s", where);
	return firn_answer(answering, FIRN_PASS, "none can be reached");
}

/* --- limits ---------------------------------------------------------------
 */

static const json_t *
resources(struct firn_answering *answering)
{
	return firn_json_at(firn_facts_json(answering->view->facts,
					    "data/runtime/oci-config.json"),
			    "linux", "resources", NULL);
}

/* Absent, 0 and -1 mean none, all three. */
static enum firn_answer
limited(struct firn_answering *answering, const char *room, const char *key)
{
	const json_t *all = resources(answering);
	const json_t *limit = firn_json_at(all, room, key, NULL);

	if (!json_is_object(all))
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "the runtime's configuration was not "
				   "captured");
	if (json_is_integer(limit) && json_integer_value(limit) > 0)
		return firn_answer(answering, FIRN_PASS, "%s.%s is %lld", room,
				   key, (long long)json_integer_value(limit));
	return firn_answer(answering, FIRN_FAIL, "%s.%s is not set", room, key);
}

enum firn_answer
firn_has_memory_limit(struct firn_answering *answering)
{
	return limited(answering, "memory", "limit");
}

enum firn_answer
firn_has_processor_limit(struct firn_answering *answering)
{
	return limited(answering, "cpu", "quota");
}

enum firn_answer
firn_has_process_limit(struct firn_answering *answering)
{
	return limited(answering, "pids", "limit");
}

/* --- the way out ----------------------------------------------------------
 */

/* Policies of a cluster, and rules of the host, may stand anywhere: only a
 * network that leads nowhere is sure. */
enum firn_answer
firn_is_restricted_outbound(struct firn_answering *answering)
{
	const json_t *routes = firn_facts_json(answering->view->facts,
					       "data/network/routes.jsonl");
	const json_t *route;
	size_t i;

	if (routes == NULL)
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "its routes were not captured");
	json_array_foreach(routes, i, route) {
		if (json_integer_value(json_object_get(route, "kind")) == 1 &&
		    json_object_get(route, "destination") == NULL)
			return firn_answer(answering, FIRN_CANNOT_TELL,
					   "it has a default route; what the "
					   "host or the cluster lets through "
					   "isn't known");
	}
	return firn_answer(answering, FIRN_PASS, "it has no default route");
}
