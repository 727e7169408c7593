#include "target/runtimes.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "host/mountinfo.h"
#include "target/disk.h"
#include "target/names.h"

#define MOUNTS_MAX 4096
#define LABELS_MAX 256
#define LABEL_KEY_MAX 256
#define LABEL_VALUE_MAX 4096

pid_t
oci_pid(const json_t *value)
{
	json_int_t pid = json_integer_value(value);

	return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

const char *
oci_annotation(const json_t *config, const char *key)
{
	return firn_json_string(config, "annotations", key, NULL);
}

json_t *
oci_mount(const char *source, const char *destination, const char *type,
	  bool read_only)
{
	json_t *mount;

	if (destination == NULL)
		return NULL;
	mount = json_object();
	firn_json_text(mount, "source", source);
	firn_json_text(mount, "destination", destination);
	firn_json_text(mount, "type", type);
	json_object_set_new(mount, "read_only", json_boolean(read_only));
	return mount;
}

bool
trace_labels(struct trace *trace, const json_t *object)
{
	json_t *all = (json_t *)(uintptr_t)object, *value;
	bool whole = true;
	const char *key;

	if (trace->labels == NULL)
		trace->labels = json_object();
	json_object_foreach(all, key, value) {
		if (json_object_get(trace->labels, key) != NULL)
			continue;
		if (json_object_size(trace->labels) < LABELS_MAX &&
		    strlen(key) <= LABEL_KEY_MAX && json_is_string(value) &&
		    json_string_length(value) <= LABEL_VALUE_MAX)
			json_object_set(trace->labels, key, value);
		else
			whole = false;
	}
	return whole;
}

static bool
lists(const json_t *options, const char *word)
{
	const char *option;
	json_t *value;
	size_t i;

	json_array_foreach(options, i, value) {
		option = json_string_value(value);
		if (option != NULL && strcmp(option, word) == 0)
			return true;
	}
	return false;
}

/* Everything that was asked for, but not the kernel's own views. */
static json_t *
mounts_of(const json_t *config)
{
	json_t *mounts = json_array(), *value;
	size_t i;

	json_array_foreach(json_object_get(config, "mounts"), i, value) {
		const char *type = firn_json_string(value, "type", NULL);
		const json_t *options = json_object_get(value, "options");
		json_t *mount;

		if (i >= MOUNTS_MAX)
			break;
		if (type != NULL && firn_mount_kernel(type))
			continue;
		mount = oci_mount(firn_json_string(value, "source", NULL),
				  firn_json_string(value, "destination", NULL),
				  type != NULL ? type : "bind",
				  lists(options, "ro"));
		if (mount != NULL)
			json_array_append_new(mounts, mount);
	}
	return mounts;
}

/* Those of Linux 5.9 and later, without the last three: an engine that is
 * older than the kernel doesn't know them. */
#define ALL_CAPABILITIES 38

/* What engines make of "privileged": every capability, and nothing of /proc
 * and /sys out of reach. */
static enum trace_answer
is_privileged(const json_t *config)
{
	const json_t *linux_config = json_object_get(config, "linux");
	const json_t *bounding = firn_json_at(config, "process", "capabilities",
					      "bounding", NULL);

	if (linux_config == NULL)
		return TRACE_UNSAID;
	return json_array_size(bounding) >= ALL_CAPABILITIES &&
			       json_array_size(
				       json_object_get(linux_config,
						       "maskedPaths")) == 0
		       ? TRACE_YES
		       : TRACE_NO;
}

/* None of its own is the runtime's: the host's. */
static const char *
namespace_mode(const json_t *config, const char *wanted)
{
	const json_t *namespaces =
		firn_json_at(config, "linux", "namespaces", NULL);
	json_t *value;
	size_t i;

	json_array_foreach(namespaces, i, value) {
		const char *type = firn_json_string(value, "type", NULL);
		const char *path = firn_json_string(value, "path", NULL);

		if (type != NULL && strcmp(type, wanted) == 0)
			return path != NULL && path[0] != '\0' ? path
							       : "private";
	}
	return "host";
}

static void
set_privileges(struct traces *traces, struct trace *trace, const json_t *config)
{
	if (!json_is_object(json_object_get(config, "linux")))
		return;
	trace->privileged = is_privileged(config);
	traces_text(traces, &trace->pid_mode, namespace_mode(config, "pid"));
	traces_text(traces, &trace->network_mode,
		    namespace_mode(config, "network"));
}

void
oci_fill(struct traces *traces, struct trace *trace, const json_t *config)
{
	json_t *env = firn_json_at(config, "process", "env", NULL);
	const char *cgroup =
		firn_json_string(config, "linux", "cgroupsPath", NULL);

	if (trace->environment == NULL && json_is_array(env))
		trace->environment = json_incref(env);
	if (trace->mounts == NULL &&
	    json_is_array(json_object_get(config, "mounts")))
		trace->mounts = mounts_of(config);
	/* Docker's own file has the labels themselves. */
	if (!trace->labels_whole &&
	    json_is_object(json_object_get(config, "annotations")))
		trace_labels(trace, json_object_get(config, "annotations"));
	/* With systemd it is "SLICE:PREFIX:NAME", which is no path. */
	if (trace->cgroup == NULL && cgroup != NULL && names_is_path(cgroup))
		traces_text(traces, &trace->cgroup, cgroup);
	set_privileges(traces, trace, config);
}

void
pod_logs(const struct firn_host *host, const struct trace *trace,
	 struct records *ret)
{
	autofree char **names = NULL;
	struct disk_path folder;

	if (trace->pod_namespace == NULL || trace->pod_name == NULL ||
	    trace->pod_uid == NULL || trace->pod_container == NULL ||
	    !names_is_id(trace->pod_namespace) ||
	    !names_is_id(trace->pod_name) || !names_is_id(trace->pod_uid) ||
	    !names_is_id(trace->pod_container))
		return;
	folder = disk_path("/var/log/pods/%s_%s_%s/%s", trace->pod_namespace,
			   trace->pod_name, trace->pod_uid,
			   trace->pod_container);
	names = disk_names(host, folder.text);
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		if (strstr(names[i], ".log") != NULL)
			records_add(
				ret, host, FIRN_RECORD_LOG,
				disk_path("%s/%s", folder.text, names[i]).text,
				names[i]);
}
