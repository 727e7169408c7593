#include "cmd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/exposure.h"
#include "permit.h"

/* The verdict's text is Markdown, made to be read in a terminal too. */
static void
show(FILE *out, const json_t *exposure)
{
	autofree char *markdown = firn_exposure_markdown(exposure);

	fputs(markdown != NULL ? markdown : "out of memory\n", out);
}

static int
of_target(const struct firn_common *common, const char *name, json_t **ret,
	  struct firn_err *err)
{
	autoscene struct firn_scene scene = FIRN_SCENE;

	scene.forced = true; /* it is only read */
	if (firn_scene_open(&scene, common, name, err) < 0 ||
	    firn_scene_permitted(&scene, "exposure", common, FIRN_ROLE_LOOK,
				 err) < 0 ||
	    firn_target_scan(scene.target, err) < 0)
		return -1;
	return firn_exposure_of_target(scene.target, ret, err);
}

static enum firn_exit
exit_of(const json_t *exposure)
{
	if (!json_is_false(json_object_get(exposure, "exposed")))
		return FIRN_EXIT_NO;
	return json_array_size(json_object_get(exposure, "unknown")) > 0 ||
			       json_array_size(
				       json_object_get(exposure, "gaps")) > 0
		       ? FIRN_EXIT_GAPS
		       : FIRN_EXIT_OK;
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	const struct firn_opt opts[] = {
		FIRN_GLASS_OPTION(common),
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autojson json_t *exposure = NULL;
	autoclose int archive_fd = -1;
	struct firn_err err = { 0 };
	enum firn_exit status;
	int done;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 1, 1, &status))
		return status;
	archive_fd = firn_cmd_archive(argv[0]);
	if (archive_fd >= 0)
		done = firn_exposure_of_archive(archive_fd, &exposure, &err);
	else
		done = of_target(&common, argv[0], &exposure, &err);
	if (done < 0)
		return firn_cmd_failed(self, &common, &err);
	return firn_cmd_result(self, &common, exposure, show,
			       exit_of(exposure));
}

const struct firn_cmd firn_cmd_exposure = {
	.name = "exposure",
	.operands = "TARGET|ARCHIVE",
	.summary = "is the node exposed? the verdict, and every reason",
	.more = "The verdict is \"no sign\", \"possible\" (it could have got "
		"out) or\n"
		"\"presume exposed\" (there are signs that it did).\n\n"
		"Examples:\n"
		"  firn exposure web-1\n"
		"  firn exposure --json CASE.firn.tar.zst | jq -r .verdict\n\n"
		"Exit status 1: exposed, which is from \"presume exposed\" on, "
		"or from where the\npolicy says.  3: it isn't, and something "
		"could not be told.  0: otherwise.\n",
	.run = run,
};
