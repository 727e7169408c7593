#include "cmd.h"

#include <string.h>

#include "base/auto.h"
#include "base/duration.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/consequences.h"
#include "firn/freeze.h"
#include "permit.h"

static void
show_threads(FILE *out, const json_t *unfrozen)
{
	const json_t *thread;
	size_t i;

	json_array_foreach(unfrozen, i, thread) {
		const char *comm = firn_json_string(thread, "comm", NULL);
		const char *state = firn_json_string(thread, "state", NULL);
		const char *wchan = firn_json_string(thread, "wchan", NULL);

		firn_show_row(out, "runs on",
			      "thread %lld (%s), state %s, in %s",
			      (long long)json_integer_value(
				      json_object_get(thread, "tid")),
			      comm != NULL ? comm : "?",
			      state != NULL ? state : "?",
			      wchan != NULL ? wchan : "?");
	}
}

static void
show_processes(FILE *out, const json_t *processes, const char *label,
	       const char *meaning)
{
	const json_t *process;
	size_t i;

	json_array_foreach(processes, i, process) {
		const json_t *pid = json_is_integer(process)
					    ? process
					    : json_object_get(process, "pid");

		firn_show_row(out, label, "process %lld %s",
			      (long long)json_integer_value(pid), meaning);
	}
}

static void
show_escaped(FILE *out, const json_t *escaped)
{
	const json_t *one;
	size_t i;

	json_array_foreach(escaped, i, one) {
		const char *comm = firn_json_string(one, "comm", NULL);
		const char *by = firn_json_string(one, "held_by", NULL);
		const char *why = firn_json_string(one, "why", NULL);
		bool moved = by != NULL && strcmp(by, "quarantine") == 0;
		json_int_t pid =
			json_integer_value(json_object_get(one, "pid"));

		if (why != NULL)
			firn_show_row(out, "RUNS ON",
				      "process %lld (%s), outside its cgroup: "
				      "%s",
				      (long long)pid, comm != NULL ? comm : "?",
				      why);
		else
			firn_show_row(out, "escaped",
				      "process %lld (%s), outside its cgroup: "
				      "%s%s",
				      (long long)pid, comm != NULL ? comm : "?",
				      moved        ? "stopped in a frozen one "
						     "of firn's"
				      : by != NULL ? "held all the same, by "
						   : "it has ended",
				      moved || by == NULL ? "" : by);
	}
}

static void
show_hold(FILE *out, const json_t *held)
{
	const json_t *one;
	size_t i;

	if (held == NULL)
		return;
	firn_show_row(out, "held",
		      "%lld processes, in cgroups of firn's: what the platform "
		      "thaws, stays frozen",
		      (long long)json_integer_value(
			      json_object_get(held, "processes")));
	json_array_foreach(json_object_get(held, "not_held"), i, one) {
		firn_show_row(out, "not held", "%s",
			      firn_json_string(one, "error", NULL));
	}
}

static void
show(FILE *out, const json_t *result)
{
	const json_t *freeze = json_object_get(result, "freeze");
	const char *deadline =
		firn_json_string(freeze, "keeper", "deadline", NULL);
	const char *already = firn_json_string(freeze, "already", NULL);
	const char *state = firn_json_string(freeze, "state", NULL);
	json_int_t us =
		json_integer_value(json_object_get(freeze, "elapsed_us"));

	fprintf(out, "%s ", state != NULL ? state : "planned");
	firn_show_target(out, json_object_get(result, "target"));
	fputc('\n', out);
	if (already != NULL)
		firn_show_row(out, "already", "frozen before, by %s", already);
	if (state != NULL)
		firn_show_row(out, "took", "%.1f ms", (double)us / 1000);
	show_hold(out, json_object_get(freeze, "held"));
	if (json_object_get(freeze, "hold_error") != NULL)
		firn_show_row(out, "not held", "%s",
			      firn_json_string(freeze, "hold_error", NULL));
	show_threads(out, json_object_get(freeze, "unfrozen"));
	show_escaped(out, json_object_get(freeze, "escaped"));
	show_processes(out, json_object_get(freeze, "foreign"), "foreign",
		       "is in its cgroup but not the container's");
	show_processes(out, json_object_get(freeze, "joined"), "joined",
		       "shares a namespace with it, from outside: not frozen");
	firn_show_row(out, "network",
		      "frozen is not isolated: the kernel "
		      "still sends and acknowledges for it");
	if (deadline != NULL)
		firn_show_row(out, "thaws",
			      "by itself at %.19sZ, if nobody "
			      "does before",
			      deadline);
	firn_show_consequences(out, json_object_get(freeze, "consequences"));
	firn_show_row(out, "undo", "firn thaw %.12s",
		      firn_json_string(result, "target", "id", NULL));
}

static bool
has_escaped(const struct firn_target *target)
{
	for (size_t i = 0; i < target->members.n; i++)
		if (target->members.items[i].escaped)
			return true;
	return false;
}

static json_t *
plan(const struct firn_target *target, const struct firn_freezing *how)
{
	const char *const folders[] = { target->v2.folder,
					target->freezer.folder };
	json_t *writes = json_array();

	if (target->v2.folder != NULL)
		json_array_append_new(writes,
				      json_sprintf("1 to %s/cgroup.freeze",
						   target->v2.folder));
	if (target->freezer.folder != NULL)
		json_array_append_new(writes,
				      json_sprintf("FROZEN to %s/freezer.state",
						   target->freezer.folder));
	if (has_escaped(target) && !how->leave_escaped)
		json_array_append_new(
			writes, json_sprintf("what runs outside of it, into a "
					     "new cgroup /firn-quarantine-%s",
					     target->id));
	for (size_t i = 0; how->hold && i < 2; i++)
		if (folders[i] != NULL)
			json_array_append_new(
				writes,
				json_sprintf("its tasks into %s/"
					     "firn-hold-..., frozen by itself, "
					     "and so in each cgroup below",
					     folders[i]));
	return writes;
}

static void
show_plan(FILE *out, const json_t *result)
{
	fputs("would freeze ", out);
	firn_show_target(out, json_object_get(result, "target"));
	fputc('\n', out);
	firn_show_permission(out, result);
	firn_show_list(out, "write", json_object_get(result, "would_write"));
	firn_show_consequences(out, json_object_get(result, "consequences"));
}

static bool
is_held(const json_t *freeze)
{
	const json_t *not_held = firn_json_at(freeze, "held", "not_held", NULL);

	return not_held != NULL && json_array_size(not_held) == 0;
}

static enum firn_exit
only_say(const struct firn_cmd *self, const struct firn_common *common,
	 struct firn_scene *scene, const struct firn_freezing *how,
	 json_t *result)
{
	struct firn_err err = { 0 };
	int allowed = firn_scene_would(scene, self->name, common,
				       FIRN_ROLE_FREEZE, result, &err);

	if (allowed < 0)
		return firn_cmd_failed(self, common, &err);
	json_object_set_new(result, "would_write", plan(scene->target, how));
	json_object_set_new(result, "consequences",
			    firn_consequences(scene->target));
	return firn_cmd_result(self, common, result, show_plan,
			       allowed ? FIRN_EXIT_OK : FIRN_EXIT_REFUSED);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	struct firn_common common = { 0 };
	struct firn_freezing how = { .timeout_ms = FIRN_FREEZE_TIMEOUT_MS };
	const char *max_freeze = NULL;
	const struct firn_opt opts[] = {
		{ 't', "timeout", "MS",
		  "declare it partial after MS "
		  "milliseconds (2000)",
		  .number = &how.timeout_ms },
		{ 0, "max-freeze", "TIME", "thaw by itself after 90s, 10m, 2h",
		  .string = &max_freeze },
		{ 0, "hold", NULL,
		  "move it into frozen cgroups that the platform doesn't know",
		  .flag = &how.hold },
		{ 0, "leave-escaped", NULL,
		  "only report what is outside its cgroup",
		  .flag = &how.leave_escaped },
		FIRN_FORCE_OPTION(scene),
		FIRN_GLASS_OPTION(common),
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autojson json_t *result = json_object();
	json_t *freeze = NULL;
	struct firn_err err = { 0 };
	enum firn_exit status;
	const char *state;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 1, 1, &status))
		return status;
	if (max_freeze != NULL &&
	    firn_duration_parse(max_freeze, &how.max_s, &err) < 0)
		return firn_cmd_usage(self, err.text);
	if (firn_scene_open(&scene, &common, argv[0], &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "target", firn_target_json(scene.target));
	if (common.dry_run)
		return only_say(self, &common, &scene, &how, result);
	firn_scene_announce(&scene, self, &common, argv[0]);
	if (firn_scene_permitted(&scene, self->name, &common, FIRN_ROLE_FREEZE,
				 &err) < 0 ||
	    firn_scene_ledger(&scene, &err) < 0 ||
	    firn_freeze(scene.target, scene.ledger, &how, &freeze, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	json_object_set_new(result, "freeze", freeze);
	state = firn_json_string(freeze, "state", NULL);
	status = state != NULL && strcmp(state, "frozen") == 0 &&
				 (!how.hold || is_held(freeze))
			 ? FIRN_EXIT_OK
			 : FIRN_EXIT_GAPS;
	return firn_scene_settled(&scene, self,
				  firn_cmd_result(self, &common, result, show,
						  status));
}

const struct firn_cmd firn_cmd_freeze = {
	.name = "freeze",
	.operands = "TARGET",
	.summary = "stop every process of a container, keeping its memory",
	.more = "Examples:\n"
		"  firn freeze web-1\n"
		"  firn freeze --max-freeze 10m web-1    # thaws by itself\n"
		"  firn freeze --hold web-1    # docker unpause won't undo it\n"
		"  firn freeze --json docker://0123456789ab\n"
		"  firn freeze --dry-run pid:4711\n\n"
		"Exit status 3: partial, or not all held; what runs on or "
		"isn't "
		"held is named.\n",
	.run = run,
};
