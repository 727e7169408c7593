#include "target/runtimes.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "target/disk.h"
#include "target/names.h"

#define CRI "io.kubernetes.cri."

static void
set_identity(struct traces *traces, struct trace *trace, const json_t *config)
{
	const char *type = oci_annotation(config, CRI "container-type");
	const struct {
		const char *key;
		char **where;
	} known[] = {
		{ CRI "sandbox-namespace", &trace->pod_namespace },
		{ CRI "sandbox-name", &trace->pod_name },
		{ CRI "sandbox-uid", &trace->pod_uid },
		{ CRI "container-name", &trace->pod_container },
		{ CRI "container-name", &trace->name },
		{ CRI "image-name", &trace->image },
		{ "nerdctl/name", &trace->name },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		traces_text(traces, known[i].where,
			    oci_annotation(config, known[i].key));
	trace->sandbox = type != NULL && strcmp(type, "sandbox") == 0;
}

/* Where the content store keeps "sha256:HEX". */
static struct disk_path
blob_path(const char *root, const char *digest)
{
	if (digest == NULL || strncmp(digest, "sha256:", 7) != 0 ||
	    strlen(digest) != 71 || !names_is_hex(digest + 7))
		return (struct disk_path){ 0 };
	return disk_path("%s/io.containerd.content.v1.content/blobs/sha256/%s",
			 root, digest + 7);
}

/* "NAME@sha256:HEX": the manifest, and the configuration that it names.  What
 * a tag means stands in the database only. */
static void
image_records(const struct firn_host *host, const char *root, const char *image,
	      struct records *ret)
{
	const char *at = image != NULL ? strchr(image, '@') : NULL;
	autojson json_t *manifest = NULL;
	struct firn_err none = { 0 };
	struct disk_path path;

	if (at == NULL)
		return;
	path = blob_path(root, at + 1);
	records_add(ret, host, FIRN_RECORD_IMAGE, path.text,
		    "image-manifest.json");
	if (disk_json(host, path.text, &manifest, &none) < 0)
		return;
	path = blob_path(root,
			 firn_json_string(manifest, "config", "digest", NULL));
	records_add(ret, host, FIRN_RECORD_IMAGE, path.text,
		    "image-config.json");
}

static void
containerd_records(const struct firn_host *host, const struct trace *trace,
		   struct records *ret)
{
	static const char *const files[] = {
		"config.json",
		"options.json",
		"runtime",
		"shim-binary-path",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		records_add(ret, host, FIRN_RECORD_CONFIG,
			    disk_path("%s/%s", trace->bundle, files[i]).text,
			    i == 0 ? "oci-config.json" : files[i]);
	pod_logs(host, trace, ret);
	if (trace->root != NULL)
		image_records(host, trace->root, trace->image, ret);
}

/* options.json says where runc keeps its state: ROOT/NAMESPACE. */
static void
add_runc_root(const struct firn_host *host, const char *bundle,
	      const char *namespace, struct places *places)
{
	autojson json_t *options = NULL;
	struct firn_err none = { 0 };
	const char *root;

	if (disk_json(host, disk_path("%s/options.json", bundle).text, &options,
		      &none) < 0)
		return;
	root = firn_json_string(options, "root", NULL);
	if (root == NULL)
		return;
	place_add(&places->runc, disk_path("%s/%s", root, namespace).text);
	place_add(&places->crun, disk_path("%s/%s", root, namespace).text);
}

static void
read_bundle(const struct firn_host *host, const char *namespace,
	    const char *bundle, struct places *places, struct traces *ret)
{
	const struct disk_path path = disk_path("%s/config.json", bundle);
	bool docker = strcmp(namespace, "moby") == 0;
	autojson json_t *config = NULL;
	struct firn_err err = { 0 };
	struct trace *trace;
	uint64_t pid;
	char line[32];

	if (sieve_need(ret->sieve, strrchr(bundle, '/') + 1) == SIEVE_NOTHING)
		return;
	if (disk_json(host, path.text, &config, &err) < 0) {
		if (err.code != ENOENT)
			traces_problem(ret, &err);
		return;
	}
	trace = traces_add(ret,
			   docker ? FIRN_RUNTIME_DOCKER
				  : FIRN_RUNTIME_CONTAINERD,
			   strrchr(bundle, '/') + 1, path.text);
	if (trace == NULL)
		return;
	if (disk_line(host, disk_path("%s/init.pid", bundle).text, line,
		      sizeof(line)) &&
	    firn_is_decimal(line, &pid) && pid <= INT32_MAX)
		trace->pid = (pid_t)pid;
	traces_text(ret, &trace->bundle, bundle);
	if (!docker)
		traces_text(ret, &trace->mounted,
			    disk_path("%s/rootfs", bundle).text);
	if (places->containerd.n > 0)
		traces_text(ret, &trace->root, places->containerd.items[0]);
	set_identity(ret, trace, config);
	oci_fill(ret, trace, config);
	trace->records = containerd_records;
	add_runc_root(host, bundle, namespace, places);
}

typedef void bundle_fn(const char *namespace, const char *bundle, void *arg);

/* The bundles of all namespaces. */
static void
each_bundle(const struct firn_host *host, const struct places *places,
	    bundle_fn *each, void *arg)
{
	for (size_t i = 0; i < places->tasks.n; i++) {
		const char *root = places->tasks.items[i];
		autofree char **spaces = disk_names(host, root);

		for (size_t k = 0; spaces != NULL && spaces[k] != NULL; k++) {
			const struct disk_path space =
				disk_path("%s/%s", root, spaces[k]);
			autofree char **ids = disk_names(host, space.text);

			for (size_t n = 0; ids != NULL && ids[n] != NULL; n++)
				each(spaces[k],
				     disk_path("%s/%s", space.text, ids[n])
					     .text,
				     arg);
		}
	}
}

static void
sift(const char *namespace, const char *bundle, void *arg)
{
	(void)namespace;
	sieve_file(arg, strrchr(bundle, '/') + 1,
		   disk_path("%s/config.json", bundle).text);
}

void
containerd_sift(const struct places *places, struct sieve *sieve)
{
	each_bundle(sieve->host, places, sift, sieve);
}

struct reading {
	const struct firn_host *host;
	struct places *places;
	struct traces *ret;
};

static void
read_one(const char *namespace, const char *bundle, void *arg)
{
	const struct reading *reading = arg;

	read_bundle(reading->host, namespace, bundle, reading->places,
		    reading->ret);
}

void
containerd_traces(const struct firn_host *host, struct places *places,
		  struct traces *ret)
{
	struct reading reading = { host, places, ret };

	each_bundle(host, places, read_one, &reading);
}
