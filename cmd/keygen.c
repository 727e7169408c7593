#include "cmd.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"

static void
show(FILE *out, const json_t *result)
{
	const char *path = firn_json_string(result, "key", NULL);

	fputs("made a signing key\n", out);
	firn_show_row(out, "private", "%s", path);
	firn_show_row(out, "public", "%s.pub", path);
	firn_show_row(out, "fingerprint", "%s",
		      firn_json_string(result, "fingerprint", NULL));
	firn_show_row(out, "keep",
		      "the fingerprint where this node can't "
		      "change it");
}

static void
show_plan(FILE *out, const json_t *result)
{
	fputs("would make a signing key\n", out);
	firn_show_list(out, "file", json_object_get(result, "would_make"));
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	const struct firn_opt opts[] = {
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autodone(firn_key_close) struct firn_key *key = NULL;
	autojson json_t *result = json_object();
	char fingerprint[FIRN_FINGERPRINT];
	struct firn_err err = { 0 };
	enum firn_exit status;
	const char *path;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	path = argc == 1 ? argv[0] : FIRN_KEY_PATH;
	if (common.dry_run) {
		json_object_set_new(result, "would_make",
				    json_pack("[s, o]", path,
					      json_sprintf("%s.pub", path)));
		return firn_cmd_result(self, &common, result, show_plan,
				       FIRN_EXIT_OK);
	}
	if (firn_key_make(&key, path, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	firn_key_fingerprint(key, fingerprint);
	json_object_set_new(result, "key", json_string(path));
	json_object_set_new(result, "fingerprint", json_string(fingerprint));
	return firn_cmd_result(self, &common, result, show, FIRN_EXIT_OK);
}

const struct firn_cmd firn_cmd_keygen = {
	.name = "keygen",
	.operands = "[FILE]",
	.summary = "make a signing key",
	.more = "Without FILE it is " FIRN_KEY_PATH ", which capture makes by "
		"itself on first use.\n\n"
		"Examples:\n"
		"  firn keygen\n"
		"  firn keygen /media/usb/case-key.pem\n",
	.run = run,
};
