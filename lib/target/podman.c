#include "target/runtimes.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"

/*
 * podman's entry in containers.json has the names, and as "metadata" one more
 * JSON object in a string: image-name, image-id, name.
 */
void
podman_fill(struct traces *traces, struct trace *trace, const json_t *config,
	    const json_t *entry)
{
	const char *text = firn_json_string(entry, "metadata", NULL);
	const char *name = json_string_value(
		json_array_get(json_object_get(entry, "names"), 0));
	autojson json_t *metadata = NULL;
	struct firn_err none = { 0 };

	(void)config; /* podman puts no names into it */
	if (text == NULL || firn_json_parse(text, strlen(text), "metadata",
					    &metadata, &none) < 0)
		metadata = NULL;
	traces_text(traces, &trace->created,
		    firn_json_string(entry, "created", NULL));
	if (name == NULL)
		name = firn_json_string(metadata, "name", NULL);
	traces_text(traces, &trace->name, name);
	traces_text(traces, &trace->image,
		    firn_json_string(metadata, "image-name", NULL));
}
