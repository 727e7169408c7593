#include "cmd.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/contained.h"
#include "firn/permit.h"
#include "permit.h"

static void
column(FILE *out, const json_t *container, const char *key, int width)
{
	const char *text = firn_json_string(container, key, NULL);
	autofree char *safe = NULL;

	if (text == NULL)
		text = "-";
	safe = firn_escape(text, strlen(text));
	fprintf(out, "%-*.*s ", width, width, safe != NULL ? safe : "?");
}

/* "  isolated since ... by ada, case c-17: in force" */
static void
show_change(FILE *out, const json_t *contained, const char *what)
{
	const json_t *change = json_object_get(contained, what);
	const char *since = firn_json_string(change, "since", NULL);
	const char *by = firn_json_string(change, "by", NULL);
	const char *of = firn_json_string(change, "case", NULL);
	const char *state = firn_json_string(change, "state", NULL);
	const char *why = firn_json_string(change, "why", NULL);

	if (change == NULL)
		return;
	if (state != NULL && strcmp(state, "restarted") == 0)
		state = "before its restart; that is gone", why = NULL;
	else if (state != NULL && strcmp(state, "gone") == 0)
		why = NULL; /* it says no more */
	firn_show_row(out, what, "since %.19sZ by %s%s%s: %s%s%s",
		      since != NULL ? since : "?", by != NULL ? by : "?",
		      of != NULL ? ", case " : "", of != NULL ? of : "",
		      state != NULL ? state : "?", why != NULL ? "; " : "",
		      why != NULL ? why : "");
}

static void
show_keeper(FILE *out, const json_t *contained, const char *purpose,
	    const char *does)
{
	const json_t *keeper = firn_json_at(contained, "keeper", purpose, NULL);
	const char *deadline = firn_json_string(keeper, "deadline", NULL);
	const char *state = firn_json_string(keeper, "state", NULL);

	if (keeper == NULL)
		return;
	firn_show_row(out, "keeper", "%s%s%.19s%s, process %lld: %s", does,
		      deadline != NULL ? " at " : "",
		      deadline != NULL ? deadline : "",
		      deadline != NULL ? "Z" : "",
		      (long long)json_integer_value(
			      json_object_get(keeper, "pid")),
		      state != NULL ? state : "?");
}

static void
show_contained(FILE *out, const json_t *container)
{
	const json_t *contained = json_object_get(container, "contained");

	show_change(out, contained, "frozen");
	show_change(out, contained, "isolated");
	show_change(out, contained, "peeked");
	show_keeper(out, contained, "thaw", "thaws");
	show_keeper(out, contained, "watch", "cuts again after a restart");
}

static void
show_gone(FILE *out, const json_t *gone)
{
	const json_t *item;
	size_t i;

	json_array_foreach(gone, i, item) {
		column(out, item, "id", 12);
		fputs("not here any more, but in the ledger\n", out);
		show_contained(out, item);
	}
}

static void
show(FILE *out, const json_t *result)
{
	const json_t *container;
	size_t i;

	fprintf(out, "%-12s %-24s %-10s %-8s %7s %5s %s\n", "ID", "NAME",
		"RUNTIME", "STATE", "PID", "PROCS", "IMAGE");
	json_array_foreach(json_object_get(result, "containers"), i,
			   container) {
		column(out, container, "id", 12);
		column(out, container, "name", 24);
		column(out, container, "runtime", 10);
		column(out, container, "state", 8);
		fprintf(out, "%7lld %5lld ",
			(long long)json_integer_value(
				json_object_get(container, "pid")),
			(long long)json_integer_value(
				json_object_get(container, "processes")));
		column(out, container, "image", 32);
		fputc('\n', out);
		show_contained(out, container);
	}
	show_gone(out, json_object_get(result, "gone"));
}

static json_t *
by_id(const json_t *containers, const char *id)
{
	json_t *container;
	size_t i;

	json_array_foreach(containers, i, container) {
		const char *its = firn_json_string(container, "id", NULL);

		if (its != NULL && strcmp(its, id) == 0)
			return container;
	}
	return NULL;
}

/* What firn did to each, and to those that are gone.  A ledger that can't be
 * read doesn't hide the others. */
static int
add_contained(const struct firn_host *host, json_t *result,
	      const struct firn_common *common, struct firn_err *err)
{
	autojson json_t *ids = NULL;
	json_t *gone = json_array();
	const json_t *id;
	size_t i;

	json_object_set_new(result, "gone", gone);
	if (firn_ledger_ids(&ids, err) < 0)
		return -1;
	json_array_foreach(ids, i, id) {
		const char *text = json_string_value(id);
		json_t *contained = NULL, *container;
		struct firn_err why = { 0 };
		int n = firn_contained(host, text, &contained, &why);

		if (n < 0)
			firn_cmd_say(common, "firn list: %s", why.text);
		if (n <= 0)
			continue;
		container = by_id(json_object_get(result, "containers"), text);
		if (container == NULL) {
			container = json_pack("{s:s}", "id", text);
			json_array_append_new(gone, container);
		}
		json_object_set_new(container, "contained", contained);
	}
	return 0;
}

/* What is more to know of one that is gone costs reading, and can only say
 * yes. */
static int
may_look_at_gone(struct firn_scene *scene, const struct firn_common *common,
		 const char *id, bool *ret, struct firn_err *err)
{
	autojson json_t *kept = NULL;
	struct firn_traits traits = { .id = id };

	if (firn_scene_may_look(scene, common, &traits, ret, err) < 0)
		return -1;
	if (*ret)
		return 0;
	return firn_gone_traits(id, &kept, &traits, err) < 0
		       ? -1
		       : firn_scene_may_look(scene, common, &traits, ret, err);
}

static int
may_look(struct firn_scene *scene, const struct firn_common *common,
	 const json_t *row, bool gone, bool *ret, struct firn_err *err)
{
	struct firn_traits traits;

	if (gone)
		return may_look_at_gone(scene, common,
					firn_json_string(row, "id", NULL), ret,
					err);
	firn_listed_traits(row, &traits);
	return firn_scene_may_look(scene, common, &traits, ret, err);
}

/* What this person may not look at isn't listed, only counted. */
static int
hide(struct firn_scene *scene, const struct firn_common *common, json_t *result,
     const char *key, size_t *n_hidden, struct firn_err *err)
{
	bool gone = strcmp(key, "gone") == 0;
	const json_t *rows = json_object_get(result, key);
	autojson json_t *shown = json_array();
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		bool may = false;

		if (may_look(scene, common, row, gone, &may, err) < 0)
			return -1;
		if (may)
			json_array_append(shown, row);
		else
			++*n_hidden;
	}
	if (rows != NULL)
		json_object_set(result, key, shown);
	return 0;
}

static int
hide_all(struct firn_scene *scene, const struct firn_common *common,
	 json_t *result, struct firn_err *err)
{
	size_t n = 0;

	if (hide(scene, common, result, "containers", &n, err) < 0 ||
	    hide(scene, common, result, "gone", &n, err) < 0)
		return -1;
	json_object_set_new(result, "hidden", json_integer((json_int_t)n));
	if (n > 0)
		firn_cmd_say(common,
			     "firn list: %zu that the policy doesn't let you "
			     "look at %s left out",
			     n, n == 1 ? "is" : "are");
	return 0;
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	const struct firn_opt opts[] = {
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autoscene struct firn_scene scene = FIRN_SCENE;
	autojson json_t *result = json_object();
	json_t *containers = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 0, &status))
		return status;
	if (firn_scene_host(&scene, &common, &err) < 0 ||
	    firn_scene_permitted_any(&scene, self->name, &common,
				     FIRN_ROLE_LOOK, &err) < 0 ||
	    firn_targets(&scene.host, &containers, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "containers", containers);
	/* Nobody but root can read what firn did: then it's the list alone. */
	if (geteuid() == 0 &&
	    add_contained(&scene.host, result, &common, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	if (hide_all(&scene, &common, result, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	return firn_cmd_result(self, &common, result, show, FIRN_EXIT_OK);
}

const struct firn_cmd firn_cmd_list = {
	.name = "list",
	.operands = "",
	.summary = "the containers on this node, their state, and what firn "
		   "did to them",
	.more = "Examples:\n"
		"  firn list\n"
		"  firn list --json | jq -r '.containers[].name'\n",
	.run = run,
};
