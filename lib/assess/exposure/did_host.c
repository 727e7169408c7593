#include <string.h>

#include "assess/exposure/checks.h"
#include "base/json.h"

/*
 * did_host -- what of the host was changed, and by its place or its time could
 * have been by the container.
 */

/* --- the runtime's programs -----------------------------------------------
 */

static void
look_at_binary(struct firn_looking *looking, const json_t *binary)
{
	const char *path = firn_json_string(binary, "path", NULL);
	const char *package = firn_json_string(binary, "package", NULL);
	const char *changed = firn_json_string(binary, "ctime", NULL);
	const json_t *matches = json_object_get(binary, "matches");
	const json_t *writers = json_object_get(binary, "open_for_writing_by");

	if (path == NULL)
		return;
	if (json_is_false(matches))
		firn_reason(looking, "%s is not the one of the package %s",
			    path, package != NULL ? package : "?");
	else if (package == NULL && firn_view_since(looking->view, changed))
		firn_reason_weighing(looking, 40,
				     "%s belongs to no package, and changed "
				     "after the container started",
				     path);
	if (json_array_size(writers) > 0)
		firn_reason(looking, "process %lld has %s open for writing",
			    (long long)json_integer_value(
				    json_array_get(writers, 0)),
			    path);
}

void
firn_look_runtime_binaries(struct firn_looking *looking)
{
	const json_t *host = firn_needs(looking, "data/host/host.json");
	const json_t *binary;
	size_t i;

	json_array_foreach(firn_json_at(host, "runtimes", "binaries", NULL), i,
			   binary) {
		look_at_binary(looking, binary);
	}
}

/* --- programs that the kernel runs ----------------------------------------
 */

static bool
is_usual(const char *program, const char *const *usual)
{
	for (size_t i = 0; usual[i] != NULL; i++) {
		if (strncmp(program, usual[i], strlen(usual[i])) == 0)
			return true;
	}
	return false;
}

/* A setting whose program the kernel runs as root.  `usual` are the beginnings
 * of those that distributions set. */
static void
look_at_program(struct firn_looking *looking, const char *setting,
		const char *program, const char *const *usual)
{
	if (program == NULL || program[0] == '\0')
		return;
	if (firn_view_in_layer(looking->view, program))
		firn_reason(looking, "%s is \"%s\", a file of the container",
			    setting, program);
	else if (!is_usual(program, usual))
		firn_reason_weighing(looking, 60,
				     "%s is \"%s\", which no distribution sets",
				     setting, program);
}

static void
look_at_core_pattern(struct firn_looking *looking, const char *pattern)
{
	static const char *const usual[] = {
		"/usr/lib/systemd/systemd-coredump",
		"/lib/systemd/systemd-coredump",
		"/usr/share/apport/apport",
		"/usr/libexec/abrt-hook-ccpp",
		"/usr/lib/abrt",
		"/bin/false",
		"/usr/bin/false",
		"/usr/share/kdump",
		NULL
	};

	if (pattern != NULL && pattern[0] == '|')
		look_at_program(looking, "core_pattern",
				pattern + 1 + strspn(pattern + 1, " "), usual);
}

void
firn_look_knobs(struct firn_looking *looking)
{
	static const char *const modprobe[] = {
		"/sbin/modprobe", "/usr/sbin/modprobe", "/bin/false",
		"/bin/true",      "/usr/bin/true",      NULL
	};
	static const char *const hotplug[] = { "/sbin/hotplug", NULL };
	static const char *const agents[] = {
		"/lib/systemd/systemd-cgroups-agent",
		"/usr/lib/systemd/systemd-cgroups-agent",
		"/lib/elogind/elogind-cgroups-agent", "/run/cgmanager/agents",
		NULL
	};
	static const char *const none[] = { NULL };
	const json_t *knobs = firn_needs(looking, "data/host/knobs.json");
	const json_t *one;
	size_t i;

	look_at_core_pattern(looking,
			     firn_json_string(knobs, "core_pattern", NULL));
	look_at_program(looking, "modprobe",
			firn_json_string(knobs, "modprobe", NULL), modprobe);
	look_at_program(looking, "hotplug",
			firn_json_string(knobs, "hotplug", NULL), hotplug);
	look_at_program(looking, "uevent_helper",
			firn_json_string(knobs, "uevent_helper", NULL),
			hotplug);
	json_array_foreach(json_object_get(knobs, "release_agents"), i, one) {
		look_at_program(looking, "release_agent",
				firn_json_string(one, "agent", NULL), agents);
	}
	json_array_foreach(json_object_get(knobs, "binfmt"), i, one) {
		const char *program =
			firn_json_string(one, "interpreter", NULL);

		if (firn_view_in_layer(looking->view, program))
			look_at_program(looking, "a binfmt interpreter",
					program, none);
	}
}

/* --- files ----------------------------------------------------------------
 */

void
firn_look_host_files(struct firn_looking *looking)
{
	const struct firn_view *view = looking->view;
	const json_t *file;
	size_t i, others = 0;

	json_array_foreach(firn_needs(looking, "data/host/files.jsonl"), i,
			   file) {
		const char *path = firn_json_string(file, "path", NULL);
		const char *kind = firn_json_string(file, "kind", NULL);
		const char *changed = firn_json_string(file, "changed", NULL);
		const struct firn_host_mount *mount;

		if (path == NULL || !firn_view_since(view, changed))
			continue;
		mount = firn_view_has(view, path);
		if (mount == NULL || !mount->writable) {
			others++;
			continue;
		}
		firn_reason(looking,
			    "%s of the host (%s) changed after the "
			    "container started, which can write it "
			    "through %s",
			    path, kind != NULL ? kind : "?", mount->point);
	}
	if (others > 0)
		firn_reason_weighing(looking, 10,
				     "%zu other files that decide over the "
				     "host changed after the container started",
				     others);
}

void
firn_look_preload(struct firn_looking *looking)
{
	const json_t *paths =
		firn_json_at(firn_needs(looking, "data/host/knobs.json"),
			     "ld_so_preload", NULL);
	const json_t *one;
	size_t i;

	json_array_foreach(paths, i, one) {
		const char *path = json_string_value(one);

		if (path != NULL)
			firn_reason_weighing(
				looking,
				firn_view_in_layer(looking->view, path) ? 95
									: 60,
				"/etc/ld.so.preload makes every program of the "
				"host load %s",
				path);
	}
}

/* --- in the kernel --------------------------------------------------------
 */

/* sysfs tells by when a module was there at the latest, not when it came. */
void
firn_look_modules(struct firn_looking *looking)
{
	const json_t *modules = firn_facts_json(looking->view->facts,
						"data/host/modules.jsonl");
	bool able = firn_view_capable(looking->view, "cap_sys_module") &&
		    firn_view_shares(looking->view, "user");
	const json_t *module;
	size_t i;

	json_array_foreach(modules, i, module) {
		const char *name = firn_json_string(module, "name", NULL);
		const char *before =
			firn_json_string(module, "loaded_before", NULL);

		if (name == NULL || !firn_view_since(looking->view, before))
			continue;
		firn_reason_weighing(looking, able ? 40 : 10,
				     "the kernel module %s may have been "
				     "loaded after the container started",
				     name);
	}
}

/* Runtimes and systemd attach these to every cgroup that they make. */
static bool
is_usual_program(const char *type)
{
	return type == NULL || strcmp(type, "cgroup_device") == 0 ||
	       strcmp(type, "cgroup_skb") == 0 ||
	       strcmp(type, "cgroup_sysctl") == 0;
}

void
firn_look_bpf(struct firn_looking *looking)
{
	const json_t *program;
	bool able = firn_view_shares(looking->view, "user") &&
		    (firn_view_capable(looking->view, "cap_bpf") ||
		     firn_view_capable(looking->view, "cap_sys_admin"));
	size_t i;

	json_array_foreach(firn_needs(looking, "data/host/bpf.jsonl"), i,
			   program) {
		const char *type = firn_json_string(program, "type", NULL);
		const char *name = firn_json_string(program, "name", NULL);
		const char *loaded = firn_json_string(program, "loaded", NULL);

		if (json_is_true(json_object_get(program, "firn")) ||
		    is_usual_program(type) ||
		    !firn_view_since(looking->view, loaded))
			continue;
		firn_reason_weighing(looking, able ? 60 : 10,
				     "the BPF program %lld (%s, %s) was loaded "
				     "after the container started",
				     (long long)json_integer_value(
					     json_object_get(program, "id")),
				     type, name != NULL ? name : "no name");
	}
}
