#include "capture.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/case.h"
#include "firn/collect.h"
#include "firn/consequences.h"
#include "firn/isolate.h"
#include "permit.h"

/* Where it goes: `-o FILE`, `-o DIR/` or a folder that's there, `-o -`, or
 * CASE.firn.tar.zst here. */
int
firn_capture_path(const char *output, const char *case_id, char **ret,
		  struct firn_err *err)
{
	const char *folder = ".", *slash = "/";
	struct stat st;
	size_t len = output != NULL ? strlen(output) : 0;
	int done;

	*ret = NULL;
	if (output != NULL && strcmp(output, "-") == 0)
		return 0;
	if (len > 0 && output[len - 1] == '/')
		folder = output, slash = "";
	else if (len > 0 && stat(output, &st) == 0 && S_ISDIR(st.st_mode))
		folder = output;
	else if (len > 0)
		return (*ret = strdup(output)) != NULL ? 0
						       : firn_err_nomem(err);
	done = asprintf(ret, "%s%s%s.firn.tar.zst", folder, slash, case_id);
	return done < 0 ? firn_err_nomem(err) : 0;
}

static json_t *
collectors(const struct firn_asked *asked)
{
	size_t n;
	const struct firn_collector *const *all = firn_collectors(&n);
	json_t *names = json_array();

	for (size_t i = 0; i < n; i++) {
		bool wanted = asked->only.n == 0;

		for (size_t k = 0; k < asked->only.n; k++)
			wanted |=
				strcmp(asked->only.items[k], all[i]->name) == 0;
		if (wanted && all[i]->collect != NULL)
			json_array_append_new(names, json_string(all[i]->name));
	}
	return names;
}

static json_t *
freezers(const struct firn_asked *asked, const struct firn_target *target)
{
	json_t *folders = json_array();

	if (!asked->no_freeze && target->v2.folder != NULL)
		json_array_append_new(folders, json_string(target->v2.folder));
	if (!asked->no_freeze && target->freezer.folder != NULL)
		json_array_append_new(folders,
				      json_string(target->freezer.folder));
	return folders;
}

static void
show(FILE *out, const json_t *result)
{
	const json_t *cut;
	size_t i;

	fputs("would capture ", out);
	firn_show_target(out, json_object_get(result, "target"));
	fputc('\n', out);
	firn_show_row(out, "archive", "%s",
		      firn_json_string(result, "archive", NULL));
	firn_show_row(out, "key", "%s%s", firn_json_string(result, "key", NULL),
		      json_is_true(json_object_get(result, "would_make_key"))
			      ? ", which would be made"
			      : "");
	firn_show_permission(out, result);
	firn_show_list(out, "freeze", json_object_get(result, "would_freeze"));
	json_array_foreach(firn_json_at(result, "isolate", "would_cut", NULL),
			   i, cut) {
		firn_show_row(out, "cut", "%s",
			      firn_json_string(cut, "on", NULL));
	}
	firn_show_list(out, "stays open",
		       firn_json_at(result, "isolate", "would_stay_open",
				    NULL));
	firn_show_list(out, "collect", json_object_get(result, "collectors"));
	firn_show_consequences(out, json_object_get(result, "consequences"));
	firn_show_row(out, "leave", "%s",
		      firn_json_string(result, "would_leave", NULL));
}

unsigned
firn_capture_roles(const struct firn_asked *asked)
{
	return FIRN_ROLE_CAPTURE | (asked->isolate ? FIRN_ROLE_ISOLATE : 0u) |
	       (asked->keep_frozen && !asked->no_freeze ? FIRN_ROLE_FREEZE
							: 0u);
}

static int
add_cuts(json_t *result, const struct firn_isolation *isolation,
	 const struct firn_target *target, struct firn_err *err)
{
	json_t *cuts = NULL;

	if (firn_isolate_plan(target, isolation, &cuts, err) < 0)
		return -1;
	json_object_set_new(result, "isolate", cuts);
	return 0;
}

enum firn_exit
firn_capture_plan(const struct firn_cmd *self, const struct firn_common *common,
		  const struct firn_asked *asked,
		  const struct firn_isolation *isolation,
		  struct firn_scene *scene)
{
	const struct firn_target *target = scene->target;
	const char *key = asked->key != NULL ? asked->key : FIRN_KEY_PATH;
	autojson json_t *result = json_object();
	autofree char *path = NULL;
	struct firn_err err = { 0 };
	struct firn_case of;
	int allowed;

	if (firn_case_open(&of, common->case_id, target->id, &err) < 0 ||
	    firn_capture_path(asked->output, of.id, &path, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	json_object_set_new(result, "target", firn_target_json(target));
	firn_json_text(result, "case", of.id);
	firn_json_text(result, "archive",
		       path != NULL ? path : "standard output");
	firn_json_text(result, "key", key);
	json_object_set_new(result, "would_make_key",
			    json_boolean(asked->key == NULL &&
					 access(key, F_OK) != 0));
	json_object_set_new(result, "would_freeze", freezers(asked, target));
	json_object_set_new(result, "collectors", collectors(asked));
	if (!asked->no_freeze)
		json_object_set_new(result, "consequences",
				    firn_consequences(target));
	firn_json_text(result, "would_leave",
		       asked->keep_frozen && !asked->no_freeze
			       ? "it frozen"
			       : "it as it was found");
	allowed = firn_scene_would(scene, self->name, common,
				   firn_capture_roles(asked), result, &err);
	if (allowed < 0 ||
	    (asked->isolate &&
	     (add_cuts(result, isolation, target, &err) < 0 ||
	      (isolation->whole_pod &&
	       firn_scene_permitted_pod(scene, self->name, common,
					FIRN_ROLE_ISOLATE, &err) < 0))))
		return firn_cmd_failed(self, common, &err);
	return firn_cmd_result(self, common, result, show,
			       allowed ? FIRN_EXIT_OK : FIRN_EXIT_REFUSED);
}
