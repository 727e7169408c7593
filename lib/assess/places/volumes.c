#include "assess/places/volumes.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

#define CONFIG_MAX (16u << 20)

const char *const firn_volume_names[] = {
	"mounted file", "Kubernetes secret", "projected volume",
	"CSI volume",   "ConfigMap",         "engine's secret",
};

/* --- Kubernetes -------------------------------------------------------------
 */

static const struct {
	const char *plugin;
	enum firn_volume volume;
} plugins[] = {
	{ "kubernetes.io~secret", FIRN_VOLUME_SECRET },
	{ "kubernetes.io~projected", FIRN_VOLUME_PROJECTED },
	{ "kubernetes.io~csi", FIRN_VOLUME_CSI },
	{ "kubernetes.io~configmap", FIRN_VOLUME_CONFIGMAP },
	{ "kubernetes.io~downward-api", FIRN_VOLUME_CONFIGMAP },
};

/* Up to the next "/"; where that ends. */
static const char *
component(const char *path, char *ret, size_t size)
{
	size_t len = strcspn(path, "/");

	snprintf(ret, size, "%.*s", (int)len, path);
	return path + len;
}

/* The driver that serves a CSI volume stands beside it. */
static void
add_driver(const struct firn_target *target, const char *origin,
	   const char *name_end, json_t *facts)
{
	autofree char *path = NULL, *text = NULL;
	autojson json_t *json = NULL;
	struct firn_err why = { 0 };
	size_t len;

	if (asprintf(&path, "%.*s/vol_data.json", (int)(name_end - origin),
		     origin) < 0)
		return;
	if (firn_host_read(target->host, path, CONFIG_MAX, &text, &len, &why) <
		    0 ||
	    firn_json_parse(text, len, path, &json, &why) < 0)
		return;
	firn_json_text(facts, "driver",
		       firn_json_string(json, "driverName", NULL));
	firn_json_text(facts, "volume",
		       firn_json_string(json, "specVolID", NULL));
}

/* POD/volumes/PLUGIN/NAME[/mount] below the kubelet's folder. */
static enum firn_volume
of_kubelet(const struct firn_target *target, const char *origin, json_t *facts)
{
	const char *pods = strstr(origin, "/pods/"), *at;
	char uid[128], plugin[64], name[256];
	const char *volumes;

	if (pods == NULL)
		return FIRN_VOLUME_OTHER;
	volumes = component(pods + 6, uid, sizeof(uid));
	if (strncmp(volumes, "/volumes/", 9) != 0)
		return FIRN_VOLUME_OTHER;
	at = component(volumes + 9, plugin, sizeof(plugin));
	if (*at != '/')
		return FIRN_VOLUME_OTHER;
	at = component(at + 1, name, sizeof(name));
	for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++) {
		if (strcmp(plugins[i].plugin, plugin) != 0)
			continue;
		if (plugins[i].volume == FIRN_VOLUME_CSI)
			add_driver(target, origin, at, facts);
		if (json_object_get(facts, "volume") == NULL)
			firn_json_text(facts, "volume", name);
		firn_json_text(facts, "pod_uid", uid);
		firn_json_text(facts, "namespace", target->pod_namespace);
		return plugins[i].volume;
	}
	return FIRN_VOLUME_OTHER;
}

/* --- which Secret it is ---------------------------------------------------
 *
 * The kubelet's folder is named after the volume; the Secret stands in the
 * pod's specification only.  CRI-O keeps the pod's annotations, and among them
 * is the specification of whoever used kubectl apply.
 */

static json_t *
read_record(const struct firn_target *target, const char *name)
{
	for (size_t i = 0; i < target->n_records; i++) {
		const struct firn_record *record = &target->records[i];
		autosecret struct firn_secret text = { 0 };
		struct firn_err why = { 0 };
		json_t *json = NULL;

		if (record->kind == FIRN_RECORD_CONFIG &&
		    strcmp(record->name, name) == 0 &&
		    firn_host_read_secret(target->host, record->path,
					  CONFIG_MAX, &text, &why) == 0 &&
		    firn_json_parse(text.data, text.len, record->path, &json,
				    &why) == 0)
			return json;
	}
	return NULL;
}

static json_t *
parse_text(const char *text)
{
	struct firn_err why = { 0 };
	json_t *json = NULL;

	if (text == NULL ||
	    firn_json_parse(text, strlen(text), "annotation", &json, &why) < 0)
		return NULL;
	return json;
}

static void
add_applied(const struct firn_target *target, json_t *facts)
{
	autojson json_t *config = read_record(target, "oci-config.json");
	autojson json_t *annotations = parse_text(
		firn_json_string(config, "annotations",
				 "io.kubernetes.cri-o.Annotations", NULL));
	autojson json_t *applied = parse_text(firn_json_string(
		annotations, "kubectl.kubernetes.io/last-applied-configuration",
		NULL));
	const char *volume = firn_json_string(facts, "volume", NULL);
	const json_t *one;
	size_t i;

	json_array_foreach(firn_json_at(applied, "spec", "volumes", NULL), i,
			   one) {
		const char *name = firn_json_string(one, "name", NULL);

		if (name != NULL && volume != NULL && strcmp(name, volume) == 0)
			firn_json_text(facts, "secret",
				       firn_json_string(one, "secret",
							"secretName", NULL));
	}
}

/* --- Docker and podman
 * --------------------------------------------------------
 */

/* Docker's configuration names the secrets of a service. */
static void
add_reference(const struct firn_target *target, const char *name, json_t *facts)
{
	autojson json_t *config = read_record(target, "config.v2.json");
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(config, "SecretReferences"), i,
			   one) {
		const char *file = firn_json_string(one, "File", "Name", NULL);

		if (file == NULL || strcmp(file, name) != 0)
			continue;
		firn_json_text(facts, "secret",
			       firn_json_string(one, "SecretName", NULL));
		firn_json_text(facts, "secret_id",
			       firn_json_string(one, "SecretID", NULL));
	}
}

static enum firn_volume
of_engine(const struct firn_target *target, const char *point,
	  const char *origin, json_t *facts)
{
	const char *name = strrchr(point, '/') + 1;

	if (strncmp(point, "/run/secrets/", 13) != 0 &&
	    strncmp(point, "/var/run/secrets/", 17) != 0 &&
	    strstr(origin, "/userdata/secrets/") == NULL &&
	    strstr(origin, "/mounts/secrets/") == NULL)
		return FIRN_VOLUME_OTHER;
	if (target->runtime == FIRN_RUNTIME_DOCKER)
		add_reference(target, name, facts);
	if (target->runtime == FIRN_RUNTIME_PODMAN && origin[0] != '\0')
		name = strrchr(origin, '/') + 1;
	if (json_object_get(facts, "secret") == NULL)
		firn_json_text(facts, "secret", name);
	return FIRN_VOLUME_ENGINE;
}

enum firn_volume
firn_volume_of(const struct firn_target *target, const char *point,
	       const char *origin, json_t *facts)
{
	enum firn_volume volume = of_kubelet(target, origin, facts);

	if (volume == FIRN_VOLUME_SECRET)
		add_applied(target, facts);
	if (volume != FIRN_VOLUME_OTHER)
		return volume;
	return of_engine(target, point, origin, facts);
}
