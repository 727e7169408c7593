#include "firn/consequences.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/foresee/consequence.h"
#include "target/disk.h"

void
firn_consequence_add(json_t *list, const char *kind, long long after_s,
		     const char *fmt, ...)
{
	autofree char *text = NULL;
	json_t *entry;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0) {
		text = NULL;
		return;
	}
	entry = json_object();
	firn_json_text(entry, "kind", kind);
	firn_json_text(entry, "text", text);
	if (after_s >= 0)
		firn_json_uint(entry, "after_s", (uint64_t)after_s);
	json_array_append_new(list, entry);
}

json_t *
firn_consequence_record(const struct firn_target *target, const char *name)
{
	for (size_t i = 0; i < target->n_records; i++) {
		const struct firn_record *record = &target->records[i];
		struct firn_err none = { 0 };
		json_t *json = NULL;

		if (record->kind == FIRN_RECORD_CONFIG &&
		    strcmp(record->name, name) == 0 &&
		    disk_json(target->host, record->path, &json, &none) == 0)
			return json;
	}
	return NULL;
}

json_t *
firn_consequences(const struct firn_target *target)
{
	json_t *list = json_array();

	firn_consequences_of_docker(target, list);
	firn_consequences_of_podman(target, list);
	firn_consequences_of_containerd(target, list);
	firn_consequences_of_kubelet(target, list);
	firn_consequences_of_kernel(target, list);
	firn_consequences_of_memory(target, list);
	return list;
}
