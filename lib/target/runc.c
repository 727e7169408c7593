#include "target/runtimes.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "target/disk.h"
#include "target/names.h"

static void
runc_records(const struct firn_host *host, const struct trace *trace,
	     struct records *ret)
{
	records_add(ret, host, FIRN_RECORD_CONFIG, trace->source,
		    "runc-state.json");
	if (trace->bundle != NULL)
		records_add(ret, host, FIRN_RECORD_CONFIG,
			    disk_path("%s/config.json", trace->bundle).text,
			    "oci-config.json");
}

/* "bundle=/path" among the labels. */
static void
set_bundle(struct traces *traces, struct trace *trace, const json_t *labels)
{
	const char *label;
	json_t *value;
	size_t i;

	json_array_foreach(labels, i, value) {
		label = json_string_value(value);
		if (label != NULL && strncmp(label, "bundle=", 7) == 0 &&
		    names_is_path(label + 7))
			traces_text(traces, &trace->bundle, label + 7);
	}
}

/* init_process_start is a number that older runcs wrote as text. */
static uint64_t
ticks_of(const json_t *value)
{
	uint64_t ticks = 0;

	if (json_is_integer(value) && json_integer_value(value) > 0)
		return (uint64_t)json_integer_value(value);
	if (json_is_string(value) &&
	    !firn_is_decimal(json_string_value(value), &ticks))
		return 0;
	return ticks;
}

static void
set_folder(struct traces *traces, char **where, const char *path)
{
	if (path != NULL && names_is_path(path))
		traces_text(traces, where, path);
}

/* The environment is in the bundle's config.json alone; state.json has the
 * mounts in a form of its own. */
static void
read_config(const struct firn_host *host, struct traces *traces,
	    struct trace *trace)
{
	autojson json_t *config = NULL;
	struct firn_err err = { 0 };

	if (trace->bundle == NULL)
		return;
	if (disk_json(host, disk_path("%s/config.json", trace->bundle).text,
		      &config, &err) == 0)
		oci_fill(traces, trace, config);
	else if (err.code != ENOENT)
		traces_problem(traces, &err);
}

static void
read_state(const struct firn_host *host, const char *root, const char *id,
	   struct traces *ret)
{
	const struct disk_path path = disk_path("%s/%s/state.json", root, id);
	enum sieve_need need = sieve_need(ret->sieve, id);
	autojson json_t *state = NULL;
	struct firn_err err = { 0 };
	const char *says;
	struct trace *trace;

	if (need == SIEVE_NOTHING)
		return;
	if (disk_json(host, path.text, &state, &err) < 0) {
		if (err.code != ENOENT)
			traces_problem(ret, &err);
		return;
	}
	says = firn_json_string(state, "id", NULL);
	if (says == NULL || strcmp(says, id) != 0) {
		firn_err_set(&err, EBADMSG, "%s: is not about \"%s\"",
			     path.text, id);
		traces_problem(ret, &err);
		return;
	}
	trace = traces_add(ret, FIRN_RUNTIME_RUNC, id, path.text);
	if (trace == NULL)
		return;
	trace->pid = oci_pid(json_object_get(state, "init_process_pid"));
	trace->start_ticks =
		ticks_of(json_object_get(state, "init_process_start"));
	set_folder(ret, &trace->v2_folder,
		   firn_json_string(state, "cgroup_paths", "", NULL));
	set_folder(ret, &trace->freezer_folder,
		   firn_json_string(state, "cgroup_paths", "freezer", NULL));
	traces_text(ret, &trace->created,
		    firn_json_string(state, "created", NULL));
	set_bundle(ret, trace, firn_json_at(state, "config", "labels", NULL));
	trace->records = runc_records;
	if (need == SIEVE_WHOLE)
		read_config(host, ret, trace);
}

void
runc_traces(const struct firn_host *host, const struct places *places,
	    struct traces *ret)
{
	for (size_t i = 0; i < places->runc.n; i++) {
		autofree char **ids = disk_names(host, places->runc.items[i]);

		for (size_t k = 0; ids != NULL && ids[k] != NULL; k++)
			read_state(host, places->runc.items[i], ids[k], ret);
	}
}
