/*
 * tracee -- Tracee's webhook: v1beta1.Event in snake case, and trace.Event in
 * camel case of the versions before.
 *
 * The latter's "hostName" is what the container's own UTS namespace says, in a
 * pod the pod's name: it tells of no node, and is left where it is.
 *
 * Source: aquasecurity/tracee api/v1beta1/{event_json.go,threat.proto},
 * types/trace/trace.go.
 */

#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "respond/alert/form.h"

static const struct form_fact facts[] = {
	{ "rule", "/name" },
	{ "time", "/timestamp" },
	{ "container_id", "/workload/container/id" },
	{ "container_name", "/workload/container/name" },
	{ "image", "/workload/container/image/name" },
	{ "namespace", "/workload/k8s/namespace/name" },
	{ "pod", "/workload/k8s/pod/name" },
	{ "pod_uid", "/workload/k8s/pod/uid" },
	{ "pid", "/workload/process/host_pid" },
};

static const struct form_fact legacy_facts[] = {
	{ "rule", "/eventName" },
	{ "container_id", "/container/id" },
	{ "container_id", "/containerId" },
	{ "container_name", "/container/name" },
	{ "image", "/container/image" },
	{ "namespace", "/kubernetes/podNamespace" },
	{ "pod", "/kubernetes/podName" },
	{ "pod_uid", "/kubernetes/podUID" },
	{ "pid", "/hostProcessId" },
};

static bool
is(const json_t *said)
{
	return firn_json_string(said, "name", NULL) != NULL &&
	       firn_json_string(said, "timestamp", NULL) != NULL &&
	       (json_is_object(json_object_get(said, "workload")) ||
		json_is_object(json_object_get(said, "threat")));
}

/* A number as the code writes it, a word as protojson does. */
static void
set_severity(json_t *alert, const json_t *level)
{
	static const char *const names[] = { "info", "low", "medium", "high",
					     "critical" };
	json_t *word = form_word(level, names, 5);

	form_set(alert, "severity", word);
	json_decref(word);
}

static void
take(const json_t *said, json_t *alert)
{
	const json_t *threat = json_object_get(said, "threat");

	form_facts(alert, said, facts, sizeof(facts) / sizeof(facts[0]));
	set_severity(alert, json_object_get(threat, "severity"));
	form_tags(alert, firn_json_at(said, "policies", "matched", NULL));
	form_tags(alert,
		  firn_json_at(threat, "mitre", "technique", "id", NULL));
	form_strings(alert, "labels",
		     firn_json_at(said, "workload", "k8s", "pod", "labels",
				  NULL));
	form_named(alert, json_object_get(said, "data"), NULL);
	form_string(alert, "fields", "threat", json_object_get(threat, "name"));
	form_string(alert, "fields", "description",
		    json_object_get(threat, "description"));
	form_string(alert, "fields", "executable",
		    firn_json_at(said, "workload", "process", "executable",
				 "path", NULL));
}

const struct form form_tracee = { "tracee", is, take };

static bool
is_legacy(const json_t *said)
{
	return firn_json_string(said, "eventName", NULL) != NULL &&
	       json_object_get(said, "hostProcessId") != NULL;
}

/* Nanoseconds since the epoch; since boot in some versions, which is no time
 * of day. */
static void
set_time(json_t *alert, const json_t *value)
{
	json_int_t ns = json_integer_value(value);
	char text[FIRN_TIME_TEXT];

	if (json_is_real(value) && json_real_value(value) < 9e18)
		ns = (json_int_t)json_real_value(value);
	if (ns < (json_int_t)1000000000 * 1000000000)
		return;
	firn_time_text((struct timespec){ .tv_sec = ns / 1000000000,
					  .tv_nsec = ns % 1000000000 },
		       text);
	form_set_text(alert, "time", text);
}

static void
take_legacy(const json_t *said, json_t *alert)
{
	const json_t *metadata = json_object_get(said, "metadata");

	form_facts(alert, said, legacy_facts,
		   sizeof(legacy_facts) / sizeof(legacy_facts[0]));
	set_time(alert, json_object_get(said, "timestamp"));
	set_severity(alert,
		     firn_json_at(metadata, "Properties", "Severity", NULL));
	form_tags(alert, json_object_get(said, "matchedPolicies"));
	form_tags(alert, json_object_get(metadata, "Tags"));
	form_named(alert, json_object_get(said, "args"), "value");
	form_string(alert, "fields", "processName",
		    json_object_get(said, "processName"));
	form_string(alert, "fields", "hostName",
		    json_object_get(said, "hostName"));
	form_string(alert, "fields", "description",
		    json_object_get(metadata, "Description"));
}

const struct form form_tracee_legacy = { "tracee", is_legacy, take_legacy };
