#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/exposure.h"
#include "respond/capture_run.h"

/*
 * capture_expose -- whether the node is exposed, into the archive.
 */

/* The verdict, and what it rests on most. */
static json_t *
verdict_in_short(const json_t *exposure)
{
	const json_t *first =
		json_array_get(json_object_get(exposure, "reasons"), 0);
	json_t *result = json_object();

	json_object_set(result, "verdict",
			json_object_get(exposure, "verdict"));
	json_object_set(result, "exposed",
			json_object_get(exposure, "exposed"));
	json_object_set(result, "strongest", json_object_get(first, "fact"));
	return result;
}

int
firn_run_write_exposure(struct firn_run *run, struct firn_err *err)
{
	static const struct firn_member_source source = {
		.collector = "exposure",
		.source = "what was collected",
		.meaning = "firn(1), exposure",
	};
	autojson json_t *exposure = NULL;
	autofree char *markdown = NULL;
	struct firn_err why = { 0 };

	firn_archive_tap(run->archive, NULL);
	if (firn_exposure_judge(&run->facts, &exposure, &why) < 0) {
		firn_archive_gap(run->archive, "exposure", "the verdict", &why);
		return 0;
	}
	markdown = firn_exposure_markdown(exposure);
	if (markdown == NULL)
		return firn_err_nomem(err);
	json_object_set_new(run->result, "node", verdict_in_short(exposure));
	if (firn_archive_json(run->archive, "data/assess/exposure.json",
			      exposure, &source, err) < 0)
		return -1;
	return firn_archive_bytes(run->archive, "data/assess/exposure.md",
				  markdown, strlen(markdown), &source, err);
}
