/*
 * alertmanager -- one alert of Alertmanager's webhook (version 4), which sends
 * them in groups; Grafana's is the same with more in it, and so is what
 * Falcosidekick posts to an Alertmanager.
 *
 * Which labels there are depends on the rule, and on who exports the metric:
 * kube-state-metrics ("container_id" with its scheme), cadvisor ("id" is a
 * control group, "name" the container's), and Falcosidekick (Falco's fields
 * with "_").
 *
 * Where a pod's own metrics say "pod", Prometheus calls that "exported_pod",
 * and "pod" is whom it asked.  Of kube-state-metrics the former is meant; of
 * any other it's what an intruder may have chosen.  Only a mapping can tell:
 * without one, neither is believed.
 *
 * "instance" is whom Prometheus asked, and not always the node: see where.c.
 *
 * Source: prometheus/alertmanager notify/webhook/webhook.go,
 * template/template.go; falcosecurity/falcosidekick outputs/alertmanager.go;
 * kubernetes/kube-state-metrics docs/pod-metrics.md; google/cadvisor
 * docs/storage/prometheus.md.
 */

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "respond/alert/form.h"

#define LABEL "/labels/"

static const struct form_fact facts[] = {
	{ "state", "/status" },
	{ "time", "/startsAt" },
	{ "rule", LABEL "alertname" },
	{ "rule", LABEL "rule" },
	{ "severity", LABEL "severity" },
	{ "severity", LABEL "priority" },
	{ "host", LABEL "node" },
	{ "host", LABEL "nodename" },
	{ "host", LABEL "kubernetes_node" },
	{ "host", LABEL "hostname" },
	{ "container_id", LABEL "container_full_id" },
	{ "container_id", LABEL "container_id" },
	{ "container_id", LABEL "id" },
	{ "container_name", LABEL "container_name" },
	{ "image", LABEL "image" },
	{ "image", LABEL "container_image_repository" },
	{ "namespace", LABEL "namespace" },
	{ "namespace", LABEL "k8s_ns_name" },
	{ "pod", LABEL "pod" },
	{ "pod", LABEL "k8s_pod_name" },
	{ "pod_uid", LABEL "pod_uid" },
	{ "pod_uid", LABEL "k8s_pod_uid" },
	{ "container", LABEL "container" },
	{ "pid", LABEL "proc_pid" },
};

static bool
is(const json_t *said)
{
	return json_is_object(json_object_get(said, "labels")) &&
	       (json_is_object(json_object_get(said, "annotations")) ||
		json_is_string(json_object_get(said, "startsAt")));
}

static void
forget_exported(json_t *alert, const json_t *labels)
{
	static const char *const names[] = { "namespace", "pod", "container" };

	if (json_object_get(labels, "exported_pod") == NULL &&
	    json_object_get(labels, "exported_namespace") == NULL &&
	    json_object_get(labels, "exported_container") == NULL)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_del(alert, names[i]);
}

/* The fingerprint is that of the labels, and comes again the next time that
 * they fire. */
static void
set_id(json_t *alert, const json_t *said)
{
	const char *fingerprint = firn_json_string(said, "fingerprint", NULL);
	const char *starts = firn_json_string(said, "startsAt", NULL);
	autojson json_t *id = NULL;

	if (fingerprint == NULL || fingerprint[0] == '\0')
		return;
	id = json_sprintf("%s@%s", fingerprint, starts != NULL ? starts : "");
	form_set(alert, "id", id);
}

static void
take(const json_t *said, json_t *alert)
{
	const json_t *labels = json_object_get(said, "labels");
	const char *source = firn_json_string(labels, "source", NULL);

	set_id(alert, said);
	/* Falcosidekick's "severity" is one of three. */
	if (source != NULL && strcmp(source, "falco") == 0)
		form_set(alert, "severity",
			 json_object_get(labels, "priority"));
	form_facts(alert, said, facts, sizeof(facts) / sizeof(facts[0]));
	forget_exported(alert, labels);
	/* So a kubelet calls what it counts for the whole pod. */
	if (firn_json_string(alert, "container", NULL) != NULL &&
	    strcmp(firn_json_string(alert, "container", NULL), "POD") == 0)
		json_object_del(alert, "container");
	/* Others than cadvisor call other things by "name". */
	if (json_object_get(labels, "id") != NULL)
		form_set(alert, "container_name",
			 json_object_get(labels, "name"));
	form_tags(alert, json_object_get(labels, "tags"));
	form_strings(alert, "labels", labels);
	form_strings(alert, "fields", json_object_get(said, "annotations"));
}

const struct form form_alertmanager = { "alertmanager", is, take };
