#include "firn/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "target/node.h"

#define MOUNTS_MAX 256

static json_t *
bind_mounts(const json_t *mounts)
{
	json_t *list = json_array(), *mount;
	size_t i;

	json_array_foreach(mounts, i, mount) {
		const char *type = firn_json_string(mount, "type", NULL);
		const char *source = firn_json_string(mount, "source", NULL);
		json_t *entry;

		if (type == NULL || strcmp(type, "bind") != 0 ||
		    source == NULL || source[0] != '/')
			continue;
		if (json_array_size(list) == MOUNTS_MAX)
			break;
		entry = json_object();
		json_object_update(entry, mount);
		json_object_del(entry, "type");
		json_object_del(entry, "read_only");
		json_object_set_new(entry, "writable",
				    json_boolean(!json_is_true(json_object_get(
					    mount, "read_only"))));
		json_array_append_new(list, entry);
	}
	return list;
}

/* The best trace that says. */
static void
set_from_traces(json_t *json, const struct candidate *candidate)
{
	enum trace_answer privileged = TRACE_UNSAID;
	const json_t *mounts = NULL;

	for (size_t i = candidate->n_traces; i-- > 0;) {
		const struct trace *trace = candidate->traces[i];

		firn_json_text(json, "created", trace->created);
		firn_json_text(json, "started", trace->started);
		firn_json_text(json, "ended", trace->ended);
		firn_json_text(json, "pid_mode", trace->pid_mode);
		firn_json_text(json, "network_mode", trace->network_mode);
		if (trace->privileged != TRACE_UNSAID)
			privileged = trace->privileged;
		if (trace->mounts != NULL)
			mounts = trace->mounts;
	}
	json_object_set_new(json, "privileged",
			    privileged == TRACE_UNSAID
				    ? json_null()
				    : json_boolean(privileged == TRACE_YES));
	json_object_set_new(json, "mounts", bind_mounts(mounts));
}

static json_t *
describe(const struct node *node, const struct candidate *candidate)
{
	json_t *json = json_object();
	const struct kernel_process *first;
	pid_t init = 0;

	if (candidate->running)
		init = node_init(node, candidate);
	first = kernel_process(&node->kernel, init);
	firn_json_text(json, "id", candidate->id);
	firn_json_text(json, "name", candidate_name(candidate));
	json_object_set_new(json, "runtime",
			    json_string(firn_runtime_name(
				    candidate_runtime(candidate))));
	firn_json_text(json, "image", candidate_image(candidate));
	json_object_set_new(json, "running", json_boolean(first != NULL));
	if (first != NULL) {
		json_object_set_new(json, "pid", json_integer(init));
		firn_json_uint(json, "start_ticks", first->start_ticks);
	}
	set_from_traces(json, candidate);
	return json;
}

int
firn_containers(const struct firn_host *host, json_t **ret,
		json_t **ret_problems, struct firn_err *err)
{
	autofree struct node *node = calloc(1, sizeof(*node));
	int done;

	if (node == NULL)
		return firn_err_nomem(err);
	done = node_read(node, host, NULL, err);
	for (size_t i = 0; done == 0 && i < node->traces.n; i++) {
		struct trace *trace = &node->traces.items[i];

		if (trace->details != NULL)
			trace->details(host, &node->traces, trace);
	}
	if (done < 0) {
		firn_err_in(err, "look at this node");
	} else {
		*ret = json_array();
		for (size_t i = 0;
		     i < node->n_candidates && i < FIRN_CONTAINERS_MAX; i++)
			json_array_append_new(*ret,
					      describe(node,
						       &node->candidates[i]));
		*ret_problems = node->traces.problems != NULL
					? json_incref(node->traces.problems)
					: json_array();
	}
	node_free(node);
	return done;
}
