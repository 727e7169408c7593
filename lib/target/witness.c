#include "target/witness.h"

#include <string.h>

#include "base/json.h"
#include "target/cgroups.h"

static json_t *
kernel_says(const struct firn_target *target)
{
	json_t *says = json_object();

	json_object_set_new(says, "source", json_string("kernel"));
	json_object_set_new(says, "pid", json_integer(target->init_pid));
	firn_json_uint(says, "start_ticks", target->init_start_ticks);
	firn_json_text(says, "cgroup_v2", target->v2.path);
	firn_json_text(says, "cgroup_freezer", target->freezer.path);
	firn_json_text(says, "upper", target->rootfs.upper);
	return says;
}

static json_t *
trace_says(const struct node *node, const struct trace *trace)
{
	json_t *says = json_object();

	firn_json_text(says, "source", trace->source);
	json_object_set_new(says, "runtime",
			    json_string(firn_runtime_name(trace->runtime)));
	firn_json_text(says, "id", trace->id);
	firn_json_text(says, "name", trace->name);
	firn_json_text(says, "image", trace->image);
	firn_json_text(says, "image_id", trace->image_id);
	if (trace->pid != 0) {
		json_object_set_new(says, "pid", json_integer(trace->pid));
		json_object_set_new(says, "kernel_agrees",
				    json_boolean(node_agrees(node, trace)));
	}
	if (trace->start_ticks != 0)
		firn_json_uint(says, "start_ticks", trace->start_ticks);
	firn_json_text(says, "cgroup", trace->cgroup);
	firn_json_text(says, "cgroup_v2", trace->v2_folder);
	firn_json_text(says, "cgroup_freezer", trace->freezer_folder);
	firn_json_text(says, "upper", trace->upper);
	firn_json_text(says, "ended", trace->ended);
	if (trace->paused)
		json_object_set_new(says, "paused", json_true());
	return says;
}

/* One fact, and what the two say of it. */
static void
differ(struct firn_target *target, const char *fact, const char *first,
       json_t *one, const char *second, json_t *other)
{
	json_t *both = json_object(), *finding = json_object();

	json_object_set_new(both, first, one);
	json_object_set_new(both, second, other);
	json_object_set_new(finding, "fact", json_string(fact));
	json_object_set_new(finding, "says", both);
	json_array_append_new(target->disagreements, finding);
}

/* In the shape of a value, safe whatever the bytes are. */
static json_t *
text_of(const char *text)
{
	json_t *object = json_object(), *value;

	firn_json_text(object, "text", text);
	value = json_incref(json_object_get(object, "text"));
	json_decref(object);
	return value;
}

static void
compare_text(struct firn_target *target, const char *fact,
	     const struct trace *trace, const char *said, const char *kernel)
{
	if (said != NULL && kernel != NULL && strcmp(said, kernel) != 0)
		differ(target, fact, "kernel", text_of(kernel), trace->source,
		       text_of(said));
}

static void
compare_process(struct firn_target *target, const struct trace *trace)
{
	if (trace->ended != NULL)
		differ(target, "running", "kernel", json_true(), trace->source,
		       text_of(trace->ended));
	else if (trace->pid != 0 && trace->pid != target->init_pid)
		differ(target, "pid", "kernel", json_integer(target->init_pid),
		       trace->source, json_integer(trace->pid));
	else if (trace->pid != 0 && trace->start_ticks != 0 &&
		 trace->start_ticks != target->init_start_ticks)
		differ(target, "start_ticks", "kernel",
		       json_integer((json_int_t)target->init_start_ticks),
		       trace->source,
		       json_integer((json_int_t)trace->start_ticks));
}

static void
compare_paused(const struct node *node, struct firn_target *target,
	       const struct trace *trace)
{
	bool frozen = cgroup_is_frozen(node->host, node->mounts.v2,
				       target->v2.path, true) ||
		      cgroup_is_frozen(node->host, node->mounts.freezer,
				       target->freezer.path, false);

	if (trace->paused && !frozen)
		differ(target, "frozen", "kernel", json_false(), trace->source,
		       json_true());
}

static void
compare(const struct node *node, const struct candidate *candidate,
	struct firn_target *target, const struct trace *trace)
{
	const char *name = candidate_name(candidate);
	const struct trace *best = candidate->traces[0];

	compare_process(target, trace);
	compare_paused(node, target, trace);
	compare_text(target, "upper", trace, trace->upper,
		     target->rootfs.upper);
	compare_text(target, "cgroup_v2", trace, trace->v2_folder,
		     target->v2.folder);
	compare_text(target, "cgroup_freezer", trace, trace->freezer_folder,
		     target->freezer.folder);
	if (trace != best && trace->name != NULL && name != NULL &&
	    strcmp(trace->name, name) != 0)
		differ(target, "name", best->source, text_of(name),
		       trace->source, text_of(trace->name));
}

int
witness_hear(const struct node *node, const struct candidate *candidate,
	     struct firn_target *target, struct firn_err *err)
{
	json_t *problem;
	size_t i;

	target->witnesses = json_array();
	target->disagreements = json_array();
	if (target->witnesses == NULL || target->disagreements == NULL)
		return firn_err_nomem(err);
	json_array_append_new(target->witnesses, kernel_says(target));
	for (size_t k = 0; k < candidate->n_traces; k++) {
		const struct trace *trace = candidate->traces[k];

		json_array_append_new(target->witnesses,
				      trace_says(node, trace));
		compare(node, candidate, target, trace);
	}
	json_array_foreach(node->traces.problems, i, problem)
		json_array_append_new(target->witnesses,
				      json_pack("{s:s, s:O}", "source", "disk",
						"unreadable", problem));
	return 0;
}
