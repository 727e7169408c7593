#include "firn/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "target/cgroups.h"
#include "target/node.h"

static bool
is_frozen(const struct node *node, const char *v2, const char *freezer)
{
	return cgroup_is_frozen(node->host, node->mounts.v2, v2, true) ||
	       cgroup_is_frozen(node->host, node->mounts.freezer, freezer,
				false);
}

/* Its cgroup may have been thawed and its processes be held all the same, in
 * one of firn's. */
static const char *
state_of(const struct node *node, const struct candidate *candidate, pid_t init)
{
	const struct kernel_process *first =
		kernel_process(&node->kernel, init);

	if (!is_frozen(node, candidate->v2, candidate->freezer) &&
	    (first == NULL || !is_frozen(node, first->v2, first->freezer)))
		return "running";
	for (size_t i = 0; i < candidate->n_traces; i++)
		if (candidate->traces[i]->paused)
			return "paused";
	return "frozen";
}

static void
set_pod(json_t *json, const struct candidate *candidate)
{
	const struct trace *pod = candidate_pod(candidate);
	json_t *object;

	if (pod == NULL)
		return;
	object = json_object();
	firn_json_text(object, "namespace", pod->pod_namespace);
	firn_json_text(object, "name", pod->pod_name);
	firn_json_text(object, "uid", pod->pod_uid);
	firn_json_text(object, "container",
		       pod->sandbox ? "POD" : pod->pod_container);
	json_object_set_new(json, "pod", object);
}

static json_t *
describe(const struct node *node, const struct candidate *candidate, pid_t init)
{
	const struct trace *labelled = candidate_labelled(candidate);
	json_t *json = json_object();
	json_int_t n = 0;

	for (size_t i = 0; i < node->kernel.n_processes; i++)
		n += candidate_holds(candidate, &node->kernel.processes[i]);
	firn_json_text(json, "id", candidate->id);
	firn_json_text(json, "name", candidate_name(candidate));
	json_object_set_new(json, "runtime",
			    json_string(firn_runtime_name(
				    candidate_runtime(candidate))));
	firn_json_text(json, "image", candidate_image(candidate));
	set_pod(json, candidate);
	if (labelled != NULL) {
		json_object_set(json, "labels", labelled->labels);
		json_object_set_new(json, "labels_whole",
				    json_boolean(labelled->labels_whole));
	}
	json_object_set_new(json, "pid", json_integer(init));
	json_object_set_new(json, "processes", json_integer(n));
	firn_json_text(json, "cgroup",
		       candidate->v2 != NULL ? candidate->v2
					     : candidate->freezer);
	json_object_set_new(json, "state",
			    json_string(state_of(node, candidate, init)));
	return json;
}

/* Those without a name after the others, by id. */
static int
by_name(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
	const char *one = firn_json_string(left, "name", NULL);
	const char *other = firn_json_string(right, "name", NULL);
	int order;

	if ((one == NULL) != (other == NULL))
		return one == NULL ? 1 : -1;
	order = one != NULL ? strcmp(one, other) : 0;
	if (order != 0)
		return order;
	return strcmp(firn_json_string(left, "id", NULL),
		      firn_json_string(right, "id", NULL));
}

static int
list(const struct node *node, json_t **ret, struct firn_err *err)
{
	autofree json_t **items =
		calloc(node->n_candidates + 1, sizeof(json_t *));
	json_t *array = json_array();
	size_t n = 0;

	if (items == NULL || array == NULL) {
		json_decref(array);
		return firn_err_nomem(err);
	}
	for (size_t i = 0; i < node->n_candidates; i++) {
		const struct candidate *candidate = &node->candidates[i];
		pid_t init;

		if (!candidate->running)
			continue;
		init = node_init(node, candidate);
		if (init != 0)
			items[n++] = describe(node, candidate, init);
	}
	if (n > 1)
		qsort(items, n, sizeof(*items), by_name);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, items[i]);
	*ret = array;
	return 0;
}

int
firn_targets(const struct firn_host *host, json_t **ret, struct firn_err *err)
{
	autofree struct node *node = calloc(1, sizeof(*node));
	int done;

	if (node == NULL)
		return firn_err_nomem(err);
	done = node_read(node, host, NULL, err);
	if (done < 0)
		firn_err_in(err, "look at this node");
	else
		done = list(node, ret, err);
	node_free(node);
	return done;
}

int
firn_target_ids(const struct firn_host *host, json_t **ret,
		struct firn_err *err)
{
	/* Nobody's id: of all that the kernel knows, no state is parsed. */
	static const struct query nobody = {
		.kind = QUERY_ID,
		.text = "-",
	};
	autofree struct node *node = calloc(1, sizeof(*node));
	json_t *ids = json_array();
	int done;

	if (node == NULL || ids == NULL) {
		json_decref(ids);
		return firn_err_nomem(err);
	}
	done = node_read(node, host, &nobody, err);
	for (size_t i = 0; done == 0 && i < node->n_candidates; i++)
		if (node->candidates[i].running)
			json_array_append_new(ids,
					      json_string(
						      node->candidates[i].id));
	node_free(node);
	if (done < 0) {
		json_decref(ids);
		return firn_err_in(err, "look at this node");
	}
	*ret = ids;
	return 0;
}
