/*
 * falco -- Falco's JSON output (http_output, program_output, file_output), and
 * the same as Falcosidekick passes it on, with "uuid".
 *
 * The container's name, its full id and its pod may be missing while Falco
 * still asks the runtime; "container.id" comes from the control group and is
 * always there: "host" outside of any.
 *
 * Source: falcosecurity/falco userspace/engine/formats.cpp;
 * falcosecurity/falcosidekick types/types.go (FalcoPayload);
 * falcosecurity/plugins plugins/container and plugins/k8smeta for the fields.
 */

#include "base/json.h"
#include "respond/alert/form.h"

#define OUTPUT "/output_fields/"

static const struct form_fact facts[] = {
	{ "id", "/uuid" },
	{ "rule", "/rule" },
	{ "severity", "/priority" },
	{ "time", "/time" },
	{ "host", "/hostname" },
	{ "container_id", OUTPUT "container.full_id" },
	{ "container_id", OUTPUT "container.id" },
	{ "container_name", OUTPUT "container.name" },
	{ "namespace", OUTPUT "k8s.ns.name" },
	{ "namespace", OUTPUT "k8smeta.ns.name" },
	{ "pod", OUTPUT "k8s.pod.name" },
	{ "pod", OUTPUT "k8smeta.pod.name" },
	{ "pod_uid", OUTPUT "k8s.pod.uid" },
	{ "pod_uid", OUTPUT "k8smeta.pod.uid" },
	{ "pid", OUTPUT "proc.pid" },
};

static bool
is(const json_t *said)
{
	return firn_json_string(said, "rule", NULL) != NULL &&
	       firn_json_string(said, "priority", NULL) != NULL &&
	       (json_object_get(said, "output_fields") != NULL ||
		json_object_get(said, "output") != NULL);
}

static void
set_image(json_t *alert, const json_t *fields)
{
	const char *repository =
		firn_json_string(fields, "container.image.repository", NULL);
	const char *tag = firn_json_string(fields, "container.image.tag", NULL);
	json_t *image;

	if (repository == NULL || repository[0] == '\0' || tag == NULL ||
	    tag[0] == '\0') {
		form_set_text(alert, "image", repository);
		return;
	}
	image = json_sprintf("%s:%s", repository, tag);
	form_set(alert, "image", image);
	json_decref(image);
}

static void
take(const json_t *said, json_t *alert)
{
	const json_t *fields = json_object_get(said, "output_fields");

	form_facts(alert, said, facts, sizeof(facts) / sizeof(facts[0]));
	set_image(alert, fields);
	/* It calls the node a container, too. */
	if (json_is_true(json_object_get(alert, "on_host")))
		json_object_del(alert, "container_name");
	form_tags(alert, json_object_get(said, "tags"));
	form_strings(alert, "fields", fields);
	form_string(alert, "fields", "output", json_object_get(said, "output"));
	form_string(alert, "fields", "source", json_object_get(said, "source"));
}

const struct form form_falco = { "falco", is, take };
