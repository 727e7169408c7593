#include "target/runtimes.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"

#define CRIO "io.kubernetes.cri-o."

/* The container's own, as one more object in a string.  Those of its pod stand
 * with the sandbox. */
static void
set_labels(struct trace *trace, const char *text)
{
	autojson json_t *labels = NULL;
	struct firn_err none = { 0 };

	if (text == NULL ||
	    firn_json_parse(text, strlen(text), "labels", &labels, &none) < 0)
		return;
	trace_labels(trace, labels);
}

/*
 * CRI-O writes all that it knows into the annotations of the OCI
 * configuration; the kubelet's labels are among them with their own names.
 *
 * Source: cri-o, internal/annotations (Name, KubeName, Namespace, ImageName,
 * ContainerType, LogPath, Labels) and pkg/annotations.
 */
void
crio_fill(struct traces *traces, struct trace *trace, const json_t *config,
	  const json_t *entry)
{
	const char *type = oci_annotation(config, CRIO "ContainerType");
	const struct {
		const char *key;
		char **where;
	} known[] = {
		{ CRIO "Name", &trace->name },
		{ CRIO "ImageName", &trace->image },
		{ CRIO "Namespace", &trace->pod_namespace },
		{ CRIO "KubeName", &trace->pod_name },
		{ "io.kubernetes.pod.namespace", &trace->pod_namespace },
		{ "io.kubernetes.pod.name", &trace->pod_name },
		{ "io.kubernetes.pod.uid", &trace->pod_uid },
		{ "io.kubernetes.container.name", &trace->pod_container },
		{ "io.kubernetes.container.name", &trace->name },
	};

	traces_text(traces, &trace->name,
		    json_string_value(
			    json_array_get(json_object_get(entry, "names"),
					   0)));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		traces_text(traces, known[i].where,
			    oci_annotation(config, known[i].key));
	set_labels(trace, oci_annotation(config, CRIO "Labels"));
	trace->sandbox = type != NULL && strcmp(type, "sandbox") == 0;
	if (trace->sandbox)
		traces_text(traces, &trace->name, "POD");
}
