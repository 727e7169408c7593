#include "target/runtimes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "target/disk.h"
#include "target/names.h"

static bool
is_container(const char *name)
{
	return strlen(name) == 64 && names_is_hex(name);
}

static void
set_end(struct traces *traces, struct trace *trace, const json_t *state)
{
	const char *when = firn_json_string(state, "FinishedAt", NULL);
	char text[128];

	if (!json_is_boolean(json_object_get(state, "Running")) ||
	    json_is_true(json_object_get(state, "Running")))
		return;
	/* A container that was only created has no end: year 1. */
	if (when == NULL || strncmp(when, "0001-", 5) == 0) {
		traces_text(traces, &trace->ended, "created, never started");
		return;
	}
	snprintf(text, sizeof(text), "exited with %lld at %.40s",
		 (long long)json_integer_value(
			 json_object_get(state, "ExitCode")),
		 when);
	traces_text(traces, &trace->ended, text);
}

/* cri-dockerd and dockershim keep the pod's identity in labels. */
static void
set_pod(struct traces *traces, struct trace *trace, const json_t *config)
{
	const json_t *labels = firn_json_at(config, "Config", "Labels", NULL);
	const struct {
		const char *label;
		char **where;
	} known[] = {
		{ "io.kubernetes.pod.namespace", &trace->pod_namespace },
		{ "io.kubernetes.pod.name", &trace->pod_name },
		{ "io.kubernetes.pod.uid", &trace->pod_uid },
		{ "io.kubernetes.container.name", &trace->pod_container },
	};
	const char *type =
		firn_json_string(labels, "io.kubernetes.docker.type", NULL);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		traces_text(traces, known[i].where,
			    firn_json_string(labels, known[i].label, NULL));
	trace->sandbox = type != NULL && strcmp(type, "podsandbox") == 0;
}

static void
set_mounts(struct trace *trace, const json_t *config)
{
	json_t *points = json_object_get(config, "MountPoints"), *point;
	const char *key;

	if (!json_is_object(points))
		return;
	trace->mounts = json_array();
	json_object_foreach(points, key, point) {
		json_t *mount =
			oci_mount(firn_json_string(point, "Source", NULL),
				  firn_json_string(point, "Destination", NULL),
				  firn_json_string(point, "Type", NULL),
				  json_is_false(json_object_get(point, "RW")));

		if (mount != NULL)
			json_array_append_new(trace->mounts, mount);
	}
}

/* image/DRIVER/layerdb/mounts/ID/mount-id names the layer. */
static void
set_layers(const struct firn_host *host, struct traces *traces,
	   struct trace *trace, const char *driver)
{
	char layer[128];

	if (driver == NULL || !names_is_id(driver))
		return;
	traces_text(traces, &trace->layers,
		    disk_path("%s/%s", trace->root, driver).text);
	if (!disk_line(host,
		       disk_path("%s/image/%s/layerdb/mounts/%s/mount-id",
				 trace->root, driver, trace->id)
			       .text,
		       layer, sizeof(layer)) ||
	    !names_is_id(layer) || strcmp(driver, "overlay2") != 0)
		return;
	traces_text(traces, &trace->upper,
		    disk_path("%s/overlay2/%s/diff", trace->root, layer).text);
	traces_text(
		traces, &trace->mounted,
		disk_path("%s/overlay2/%s/merged", trace->root, layer).text);
}

static void
docker_records(const struct firn_host *host, const struct trace *trace,
	       struct records *ret)
{
	const struct disk_path folder =
		disk_path("%s/containers/%s", trace->root, trace->id);
	const struct disk_path log = disk_path("%s-json.log", trace->id);

	records_add(ret, host, FIRN_RECORD_CONFIG,
		    disk_path("%s/config.v2.json", folder.text).text,
		    "config.v2.json");
	records_add(ret, host, FIRN_RECORD_CONFIG,
		    disk_path("%s/hostconfig.json", folder.text).text,
		    "hostconfig.json");
	records_rotated(ret, host, folder.text, log.text, "json.log");
	records_rotated(ret, host, disk_path("%s/local-logs", folder.text).text,
			"container.log", "local.log");
	pod_logs(host, trace, ret);
	if (trace->image_id == NULL ||
	    strncmp(trace->image_id, "sha256:", 7) != 0 ||
	    !is_container(trace->image_id + 7))
		return;
	/* The data root has one folder for each storage driver in use. */
	records_add(ret, host, FIRN_RECORD_IMAGE,
		    disk_path("%s/image/%s/imagedb/content/sha256/%s",
			      trace->root, strrchr(trace->layers, '/') + 1,
			      trace->image_id + 7)
			    .text,
		    "image-config.json");
}

/* What it may do stands in a second file. */
static void
docker_details(const struct firn_host *host, struct traces *traces,
	       struct trace *trace)
{
	const struct disk_path path =
		disk_path("%s/containers/%s/hostconfig.json", trace->root,
			  trace->id);
	autojson json_t *config = NULL;
	struct firn_err err = { 0 };
	const json_t *privileged;
	const char *pid_mode;

	if (disk_json(host, path.text, &config, &err) < 0) {
		if (err.code != ENOENT)
			traces_problem(traces, &err);
		return;
	}
	privileged = json_object_get(config, "Privileged");
	if (json_is_boolean(privileged))
		trace->privileged =
			json_is_true(privileged) ? TRACE_YES : TRACE_NO;
	pid_mode = firn_json_string(config, "PidMode", NULL);
	if (pid_mode != NULL)
		traces_text(traces, &trace->pid_mode,
			    pid_mode[0] != '\0' ? pid_mode : "private");
	traces_text(traces, &trace->network_mode,
		    firn_json_string(config, "NetworkMode", NULL));
}

static void
set_times(struct traces *traces, struct trace *trace, const json_t *config)
{
	const char *started =
		firn_json_string(config, "State", "StartedAt", NULL);

	traces_text(traces, &trace->created,
		    firn_json_string(config, "Created", NULL));
	/* Year 1: never. */
	if (started != NULL && strncmp(started, "0001-", 5) != 0)
		traces_text(traces, &trace->started, started);
}

static void
read_container(const struct firn_host *host, const char *root, const char *id,
	       struct traces *ret)
{
	const struct disk_path path =
		disk_path("%s/containers/%s/config.v2.json", root, id);
	autojson json_t *config = NULL;
	struct firn_err err = { 0 };
	const json_t *state;
	const char *name;
	struct trace *trace;

	if (sieve_need(ret->sieve, id) == SIEVE_NOTHING)
		return;
	if (disk_json(host, path.text, &config, &err) < 0) {
		if (err.code != ENOENT)
			traces_problem(ret, &err);
		return;
	}
	trace = traces_add(ret, FIRN_RUNTIME_DOCKER, id, path.text);
	if (trace == NULL)
		return;
	state = json_object_get(config, "State");
	name = firn_json_string(config, "Name", NULL);
	if (name != NULL)
		traces_text(ret, &trace->name, name + (name[0] == '/'));
	traces_text(ret, &trace->image,
		    firn_json_string(config, "Config", "Image", NULL));
	traces_text(ret, &trace->image_id,
		    firn_json_string(config, "Image", NULL));
	trace->labels_whole = trace_labels(trace, firn_json_at(config, "Config",
							       "Labels", NULL));
	trace->pid = oci_pid(json_object_get(state, "Pid"));
	trace->paused = json_is_true(json_object_get(state, "Paused"));
	trace->environment =
		json_incref(firn_json_at(config, "Config", "Env", NULL));
	traces_text(ret, &trace->root, root);
	set_end(ret, trace, state);
	set_times(ret, trace, config);
	trace->details = docker_details;
	set_pod(ret, trace, config);
	set_mounts(trace, config);
	set_layers(host, ret, trace, firn_json_string(config, "Driver", NULL));
	if (trace->layers != NULL)
		trace->records = docker_records;
}

void
docker_sift(const struct places *places, struct sieve *sieve)
{
	for (size_t i = 0; i < places->docker.n; i++) {
		const char *root = places->docker.items[i];
		autofree char **names =
			disk_names(sieve->host,
				   disk_path("%s/containers", root).text);

		for (size_t k = 0; names != NULL && names[k] != NULL; k++)
			if (is_container(names[k]))
				sieve_file(sieve, names[k],
					   disk_path("%s/containers/%s/"
						     "config.v2.json",
						     root, names[k])
						   .text);
	}
}

void
docker_traces(const struct firn_host *host, const struct places *places,
	      struct traces *ret)
{
	for (size_t i = 0; i < places->docker.n; i++) {
		const char *root = places->docker.items[i];
		autofree char **names =
			disk_names(host, disk_path("%s/containers", root).text);

		for (size_t k = 0; names != NULL && names[k] != NULL; k++)
			if (is_container(names[k]))
				read_container(host, root, names[k], ret);
	}
}
