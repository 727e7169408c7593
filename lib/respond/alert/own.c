/*
 * own -- {"schema": "firn.alert/v1"}, for runbooks and whoever writes to us:
 *
 *	"schema", "id", "rule", "severity", "time", "host", "state", "source",
 *	"target": {"container_id", "container_name", "image", "pid",
 *		   "namespace", "pod", "pod_uid", "container"},
 *	"labels", "tags", "fields", "playbook", "case", "note"
 *
 * "container" is the pod's; without a pod, it's the container's name.
 */

#include <string.h>

#include "base/json.h"
#include "respond/alert/form.h"

static const struct form_fact facts[] = {
	{ "id", "/id" },
	{ "rule", "/rule" },
	{ "severity", "/severity" },
	{ "time", "/time" },
	{ "host", "/host" },
	{ "state", "/state" },
	{ "container_id", "/target/container_id" },
	{ "container_name", "/target/container_name" },
	{ "image", "/target/image" },
	{ "pid", "/target/pid" },
	{ "namespace", "/target/namespace" },
	{ "pod", "/target/pod" },
	{ "pod_uid", "/target/pod_uid" },
	{ "container", "/target/container" },
	{ "playbook", "/playbook" },
	{ "case", "/case" },
	{ "note", "/note" },
};

static bool
is(const json_t *said)
{
	const char *schema = firn_json_string(said, "schema", NULL);

	return schema != NULL && (strcmp(schema, "firn.alert/v1") == 0 ||
				  strcmp(schema, "evidence.alert/v1") == 0);
}

static void
take(const json_t *said, json_t *alert)
{
	form_facts(alert, said, facts, sizeof(facts) / sizeof(facts[0]));
	form_tags(alert, json_object_get(said, "tags"));
	form_strings(alert, "labels", json_object_get(said, "labels"));
	form_strings(alert, "fields", json_object_get(said, "fields"));
	form_string(alert, "fields", "source", json_object_get(said, "source"));
}

const struct form form_own = { "firn", is, take };
