/*
 * tetragon -- lines of Tetragon's JSON export: process_exec, process_exit,
 * process_kprobe, process_tracepoint, process_uprobe, process_lsm,
 * process_loader, process_usdt.
 *
 * "docker" is the beginning of the container's id, 15 or 31 digits of it, and
 * is there without Kubernetes, too.  An "exec_id" is the process's and the same
 * in all its events: it's no alert's id.
 *
 * Source: cilium/tetragon api/v1/tetragon/{tetragon,events}.proto,
 * docs/content/en/docs/concepts/events.md.
 */

#include <string.h>

#include "base/json.h"
#include "respond/alert/form.h"

static const struct form_fact facts[] = {
	{ "rule", "/policy_name" },
	{ "container_id", "/process/pod/container/id" },
	{ "container_id", "/process/docker" },
	{ "image", "/process/pod/container/image/name" },
	{ "namespace", "/process/pod/namespace" },
	{ "pod", "/process/pod/name" },
	{ "pod_uid", "/process/pod/uid" },
	{ "container", "/process/pod/container/name" },
	{ "pid", "/process/pid" },
};

static const char *const of_event[] = { "function_name", "message", "action",
					"args",          "return",  "subsys",
					"event",         "path",    "symbol",
					"signal",        "status" };
static const char *const of_process[] = { "exec_id",    "binary", "arguments",
					  "cwd",        "uid",    "auid",
					  "start_time", "flags" };

/* The only member that is called process_SOMETHING and has a process. */
static const json_t *
event_of(const json_t *said, const char **ret_name)
{
	void *at = json_object_iter((json_t *)(uintptr_t)said);

	for (; at != NULL;
	     at = json_object_iter_next((json_t *)(uintptr_t)said, at)) {
		const json_t *value = json_object_iter_value(at);

		*ret_name = json_object_iter_key(at);
		if (strncmp(*ret_name, "process_", strlen("process_")) == 0 &&
		    json_is_object(json_object_get(value, "process")))
			return value;
	}
	return NULL;
}

static bool
is(const json_t *said)
{
	const char *name;

	return event_of(said, &name) != NULL;
}

static void
add_fields(json_t *alert, const json_t *from, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		form_string(alert, "fields", keys[i],
			    json_object_get(from, keys[i]));
}

static void
take(const json_t *said, json_t *alert)
{
	const char *name;
	const json_t *event = event_of(said, &name);
	const json_t *process = json_object_get(event, "process");

	form_facts(alert, event, facts, sizeof(facts) / sizeof(facts[0]));
	/* Without a policy, it's an event that everybody gets. */
	form_set_text(alert, "rule", name);
	form_set(alert, "time", json_object_get(said, "time"));
	form_set(alert, "host", json_object_get(said, "node_name"));
	form_tags(alert, json_object_get(event, "tags"));
	form_strings(alert, "labels",
		     firn_json_at(process, "pod", "pod_labels", NULL));
	add_fields(alert, event, of_event,
		   sizeof(of_event) / sizeof(of_event[0]));
	add_fields(alert, process, of_process,
		   sizeof(of_process) / sizeof(of_process[0]));
	json_object_set_new(json_object_get(alert, "fields"), "event_type",
			    json_string(name));
}

const struct form form_tetragon = { "tetragon", is, take };
