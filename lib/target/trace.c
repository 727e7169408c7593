#include "target/trace.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "target/disk.h"

#define RECORDS_MAX 256
#define PROBLEMS_MAX 64

struct trace *
traces_add(struct traces *traces, enum firn_runtime runtime, const char *id,
	   const char *source)
{
	struct trace *trace;

	if (traces->n == traces->size) {
		size_t size = traces->size != 0 ? 2 * traces->size : 16;
		struct trace *more =
			realloc(traces->items, size * sizeof(*more));

		if (more == NULL) {
			traces->failed = true;
			return NULL;
		}
		traces->items = more;
		traces->size = size;
	}
	trace = &traces->items[traces->n++];
	*trace = (struct trace){ .runtime = runtime };
	traces_text(traces, &trace->id, id);
	traces_text(traces, &trace->source, source);
	return trace;
}

void
traces_problem(struct traces *traces, const struct firn_err *err)
{
	if (traces->problems == NULL)
		traces->problems = json_array();
	if (json_array_size(traces->problems) < PROBLEMS_MAX)
		json_array_append_new(traces->problems, json_string(err->text));
}

static void
trace_free(struct trace *trace)
{
	char *const owned[] = {
		trace->id,        trace->source,
		trace->name,      trace->image,
		trace->image_id,  trace->pod_namespace,
		trace->pod_name,  trace->pod_uid,
		trace->cgroup,    trace->pod_container,
		trace->v2_folder, trace->freezer_folder,
		trace->ended,     trace->bundle,
		trace->root,      trace->layers,
		trace->upper,     trace->mounted,
		trace->created,   trace->started,
		trace->pid_mode,  trace->network_mode,
	};

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(owned[i]);
	json_decref(trace->environment);
	json_decref(trace->labels);
	json_decref(trace->mounts);
}

void
traces_free(struct traces *traces)
{
	for (size_t i = 0; i < traces->n; i++)
		trace_free(&traces->items[i]);
	free(traces->items);
	json_decref(traces->problems);
	*traces = (struct traces){ 0 };
}

void
traces_text(struct traces *traces, char **where, const char *text)
{
	char *copy;

	if (text == NULL || text[0] == '\0')
		return;
	copy = strdup(text);
	if (copy == NULL)
		traces->failed = true;
	free(*where);
	*where = copy;
}

/* A name of ours: ASCII, no folders, not hidden. */
static void
set_name(char ret[64], const char *name)
{
	size_t len = 0;

	for (; *name != '\0' && len < 56; name++) {
		unsigned char c = (unsigned char)*name;
		bool plain = c < 0x80 && (isalnum(c) || strchr("_-.", c));

		ret[len] = plain && (len > 0 || c != '.') ? (char)c : '_';
		len++;
	}
	ret[len] = '\0';
}

static bool
is_taken(const struct records *records, enum firn_record_kind kind,
	 const char *name)
{
	for (size_t i = 0; i < records->n; i++)
		if (records->items[i].kind == kind &&
		    strcmp(records->items[i].name, name) == 0)
			return true;
	return false;
}

void
records_add(struct records *records, const struct firn_host *host,
	    enum firn_record_kind kind, const char *path, const char *name)
{
	struct firn_record *more, record = { .kind = kind };
	char base[64];

	if (records->n >= RECORDS_MAX || !disk_is_file(host, path))
		return;
	for (size_t i = 0; i < records->n; i++)
		if (strcmp(records->items[i].path, path) == 0)
			return;
	set_name(base, name);
	memcpy(record.name, base, sizeof(base));
	for (unsigned i = 2; is_taken(records, kind, record.name); i++)
		snprintf(record.name, sizeof(record.name), "%.56s-%u", base,
			 i % 1000);
	more = realloc(records->items, (records->n + 1) * sizeof(*more));
	if (more != NULL)
		records->items = more;
	record.path = strdup(path);
	if (more == NULL || record.path == NULL) {
		free(record.path);
		records->failed = true;
		return;
	}
	records->items[records->n++] = record;
}

void
records_rotated(struct records *records, const struct firn_host *host,
		const char *folder, const char *prefix, const char *name)
{
	autofree char **names = disk_names(host, folder);
	size_t len = strlen(prefix);
	char as[128];

	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		const char *rest = names[i] + len;

		if (strncmp(names[i], prefix, len) != 0 ||
		    (*rest != '\0' && *rest != '.'))
			continue;
		snprintf(as, sizeof(as), "%s%.40s", name, rest);
		records_add(records, host, FIRN_RECORD_LOG,
			    disk_path("%s/%s", folder, names[i]).text, as);
	}
}

void
records_free(struct records *records)
{
	for (size_t i = 0; i < records->n; i++)
		free(records->items[i].path);
	free(records->items);
	*records = (struct records){ 0 };
}
