#include "target/runtimes.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "target/disk.h"
#include "target/names.h"

static void
crun_records(const struct firn_host *host, const struct trace *trace,
	     struct records *ret)
{
	records_add(ret, host, FIRN_RECORD_CONFIG, trace->source,
		    "crun-status.json");
	if (trace->bundle != NULL)
		records_add(ret, host, FIRN_RECORD_CONFIG,
			    disk_path("%s/config.json", trace->bundle).text,
			    "oci-config.json");
}

/* crun keeps a copy of the configuration beside its status; older ones don't.
 */
static void
read_config(const struct firn_host *host, const char *folder,
	    struct traces *traces, struct trace *trace)
{
	const char *const folders[] = { folder, trace->bundle };

	for (size_t i = 0; i < 2 && folders[i] != NULL; i++) {
		autojson json_t *config = NULL;
		struct firn_err err = { 0 };

		if (disk_json(host,
			      disk_path("%s/config.json", folders[i]).text,
			      &config, &err) == 0) {
			oci_fill(traces, trace, config);
			return;
		}
		if (err.code != ENOENT)
			traces_problem(traces, &err);
	}
}

static void
read_status(const struct firn_host *host, const char *root, const char *id,
	    struct traces *ret)
{
	const struct disk_path folder = disk_path("%s/%s", root, id);
	const struct disk_path path = disk_path("%s/status", folder.text);
	enum sieve_need need = sieve_need(ret->sieve, id);
	autojson json_t *status = NULL;
	struct firn_err err = { 0 };
	const char *cgroup, *bundle;
	struct trace *trace;
	json_int_t start;

	if (need == SIEVE_NOTHING)
		return;
	if (disk_json(host, path.text, &status, &err) < 0) {
		if (err.code != ENOENT)
			traces_problem(ret, &err);
		return;
	}
	trace = traces_add(ret, FIRN_RUNTIME_CRUN, id, path.text);
	if (trace == NULL)
		return;
	trace->pid = oci_pid(json_object_get(status, "pid"));
	start = json_integer_value(
		json_object_get(status, "process-start-time"));
	trace->start_ticks = start > 0 ? (uint64_t)start : 0;
	cgroup = firn_json_string(status, "cgroup-path", NULL);
	if (cgroup != NULL && names_is_path(cgroup))
		traces_text(ret, &trace->cgroup, cgroup);
	bundle = firn_json_string(status, "bundle", NULL);
	if (bundle != NULL && names_is_path(bundle))
		traces_text(ret, &trace->bundle, bundle);
	traces_text(ret, &trace->created,
		    firn_json_string(status, "created", NULL));
	trace->records = crun_records;
	if (need == SIEVE_WHOLE)
		read_config(host, folder.text, ret, trace);
}

void
crun_traces(const struct firn_host *host, const struct places *places,
	    struct traces *ret)
{
	for (size_t i = 0; i < places->crun.n; i++) {
		autofree char **ids = disk_names(host, places->crun.items[i]);

		for (size_t k = 0; ids != NULL && ids[k] != NULL; k++)
			read_status(host, places->crun.items[i], ids[k], ret);
	}
}
