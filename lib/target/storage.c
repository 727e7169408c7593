#include "target/runtimes.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "target/disk.h"
#include "target/names.h"

/*
 * containers/storage, which podman and CRI-O share:
 *
 *	ROOT/overlay-containers/containers.json      id, names, image, layer
 *	ROOT/overlay-containers/ID/userdata/         config.json, ctr.log
 *	RUNROOT/overlay-containers/ID/userdata/      pidfile; CRI-O's
 *config.json ROOT/overlay/LAYER/diff                      what the container
 *changed
 */

#define CONTAINERS_MAX 65536

static bool
is_id(const char *text)
{
	return text != NULL && strlen(text) == 64 && names_is_hex(text);
}

/* Big data of an image whose key isn't a plain name lies under "=" and the
 * key's base64: that of the configuration is "sha256:ID".  Source:
 * containers/storage, makeBigDataBaseName(). */
static void
image_records(const struct firn_host *host, const struct disk_path *folder,
	      const char *id, struct records *ret)
{
	const struct disk_path key = disk_path("sha256:%s", id);
	autofree char *name = firn_base64(key.text, strlen(key.text));

	records_add(ret, host, FIRN_RECORD_IMAGE,
		    disk_path("%s/manifest", folder->text).text,
		    "image-manifest.json");
	if (name != NULL)
		records_add(ret, host, FIRN_RECORD_IMAGE,
			    disk_path("%s/=%s", folder->text, name).text,
			    "image-config.json");
}

static void
storage_records(const struct firn_host *host, const struct trace *trace,
		struct records *ret)
{
	struct disk_path image;

	records_add(ret, host, FIRN_RECORD_CONFIG,
		    disk_path("%s/config.json", trace->bundle).text,
		    "oci-config.json");
	records_rotated(ret, host, trace->bundle, "ctr.log", "ctr.log");
	pod_logs(host, trace, ret);
	if (!is_id(trace->image_id))
		return;
	image = disk_path("%s/overlay-images/%s", trace->root, trace->image_id);
	image_records(host, &image, trace->image_id, ret);
}

/* From userdata/pidfile in one of the run roots. */
static pid_t
pid_of(const struct firn_host *host, const struct places *places,
       const char *id)
{
	char line[32];
	uint64_t pid;

	for (size_t i = 0; i < places->runroots.n; i++)
		if (disk_line(host,
			      disk_path("%s/overlay-containers/%s/userdata/"
					"pidfile",
					places->runroots.items[i], id)
				      .text,
			      line, sizeof(line)) &&
		    firn_is_decimal(line, &pid) && pid <= INT32_MAX)
			return (pid_t)pid;
	return 0;
}

/* The OCI configuration, in the root (podman) or a run root (CRI-O); `folder`
 * gets where. */
static json_t *
config_of(const struct firn_host *host, const struct places *places,
	  const char *root, const char *id, struct disk_path *folder,
	  struct traces *traces)
{
	for (size_t i = 0; i <= places->runroots.n; i++) {
		struct firn_err err = { 0 };
		json_t *config;

		*folder =
			disk_path("%s/overlay-containers/%s/userdata",
				  i == 0 ? root : places->runroots.items[i - 1],
				  id);
		if (disk_json(host,
			      disk_path("%s/config.json", folder->text).text,
			      &config, &err) == 0)
			return config;
		if (err.code != ENOENT)
			traces_problem(traces, &err);
	}
	*folder = disk_path("%s/overlay-containers/%s/userdata", root, id);
	return NULL;
}

static void
read_container(const struct firn_host *host, const struct places *places,
	       const char *root, const json_t *entry, struct traces *ret)
{
	const char *id = firn_json_string(entry, "id", NULL);
	const char *layer = firn_json_string(entry, "layer", NULL);
	autojson json_t *config = NULL;
	struct disk_path folder;
	const char *maker;
	struct trace *trace;
	bool crio;

	if (!is_id(id))
		return;
	config = config_of(host, places, root, id, &folder, ret);
	maker = oci_annotation(config, "io.container.manager");
	crio = maker != NULL && strcmp(maker, "cri-o") == 0;
	trace = traces_add(ret, crio ? FIRN_RUNTIME_CRIO : FIRN_RUNTIME_PODMAN,
			   id, disk_path("%s/config.json", folder.text).text);
	if (trace == NULL)
		return;
	trace->pid = pid_of(host, places, id);
	traces_text(ret, &trace->root, root);
	traces_text(ret, &trace->bundle, folder.text);
	traces_text(ret, &trace->layers, disk_path("%s/overlay", root).text);
	if (is_id(layer)) {
		traces_text(ret, &trace->upper,
			    disk_path("%s/overlay/%s/diff", root, layer).text);
		traces_text(
			ret, &trace->mounted,
			disk_path("%s/overlay/%s/merged", root, layer).text);
	}
	traces_text(ret, &trace->image_id,
		    firn_json_string(entry, "image", NULL));
	if (crio)
		crio_fill(ret, trace, config, entry);
	else
		podman_fill(ret, trace, config, entry);
	if (config != NULL)
		oci_fill(ret, trace, config);
	trace->records = storage_records;
}

void
storage_traces(const struct firn_host *host, const struct places *places,
	       struct traces *ret)
{
	for (size_t i = 0; i < places->storage.n; i++) {
		const char *root = places->storage.items[i];
		const struct disk_path path =
			disk_path("%s/overlay-containers/containers.json",
				  root);
		autofree char *text = NULL;
		autojson json_t *all = NULL;
		struct firn_err err = { 0 };
		json_t *entry;
		size_t len, k;

		if (firn_host_read(host, path.text, (size_t)16 << 20, &text,
				   &len, &err) < 0 ||
		    firn_json_parse(text, len, path.text, &all, &err) < 0) {
			if (err.code != ENOENT)
				traces_problem(ret, &err);
			continue;
		}
		json_array_foreach(all, k, entry)
			if (k < CONTAINERS_MAX)
				read_container(host, places, root, entry, ret);
	}
}
