#include <string.h>

#include "assess/exposure/checks.h"
#include "base/json.h"

/*
 * could_kernel -- the kernel's own files and devices, as the container has
 * them.
 *
 * Source: proc_sys(5), sysfs(5), cgroups(7), runtime-spec, config-linux.
 */

/* Outside a user namespace of its own, and with the capability, it may write
 * what these files let. */
static bool
is_root_outside(const struct firn_view *view)
{
	return firn_view_shares(view, "user");
}

/* What a runtime masks of it lies under mounts; which of these a kernel has
 * differs. */
static bool
is_masked(const struct firn_view *view)
{
	const json_t *mounts =
		firn_facts_json(view->facts, "data/mounts/mounts.jsonl");
	const json_t *mount;
	size_t i;

	json_array_foreach(mounts, i, mount) {
		const char *point = firn_json_string(mount, "point", NULL);

		if (point != NULL && strncmp(point, "/proc/", 6) == 0)
			return true;
	}
	return false;
}

void
firn_look_proc(struct firn_looking *looking)
{
	const struct firn_view *view = looking->view;
	const json_t *proc = firn_view_mount(view, "/proc");
	const json_t *sys = firn_view_mount(view, "/proc/sys");

	if (firn_needs(looking, "data/mounts/mounts.jsonl") == NULL ||
	    proc == NULL || !firn_view_writable(proc) || !is_root_outside(view))
		return;
	if (sys == NULL || firn_view_writable(sys))
		firn_reason(looking, "/proc/sys is writable in it: "
				     "core_pattern names what the kernel runs "
				     "as root on the host");
	if (!is_masked(view))
		firn_reason_weighing(looking, 20,
				     "nothing of /proc is masked "
				     "in it");
}

void
firn_look_sys(struct firn_looking *looking)
{
	const json_t *sys;

	if (firn_needs(looking, "data/mounts/mounts.jsonl") == NULL)
		return;
	sys = firn_view_mount(looking->view, "/sys");
	if (sys != NULL && firn_view_writable(sys) &&
	    is_root_outside(looking->view))
		firn_reason(looking, "/sys is writable in it: uevent_helper "
				     "names what the kernel runs as root on "
				     "the host");
}

/* release_agent stands in the root of a version 1 hierarchy; with CAP_SYS_ADMIN
 * it can be mounted anew wherever it lies. */
void
firn_look_cgroup(struct firn_looking *looking)
{
	const struct firn_view *view = looking->view;
	const json_t *mounts = firn_needs(looking, "data/mounts/mounts.jsonl");
	const json_t *mount;
	size_t i;

	if (!is_root_outside(view))
		return;
	json_array_foreach(mounts, i, mount) {
		const char *fstype = firn_json_string(mount, "fstype", NULL);
		const char *point = firn_json_string(mount, "point", NULL);
		const char *root = firn_json_string(mount, "root", NULL);

		if (fstype == NULL || point == NULL || root == NULL ||
		    strncmp(fstype, "cgroup", 6) != 0 ||
		    !firn_view_writable(mount))
			continue;
		if (strcmp(fstype, "cgroup") == 0 && strcmp(root, "/") == 0) {
			firn_reason_weighing(looking, 60,
					     "%s, the root of a cgroup v1 "
					     "hierarchy, is writable in it: "
					     "release_agent runs as root on "
					     "the host",
					     point);
			return;
		}
		firn_reason_weighing(looking,
				     strcmp(fstype, "cgroup") == 0 ? 40 : 20,
				     "a cgroup is writable in it, at %s",
				     point);
		return;
	}
}

/* --- devices --------------------------------------------------------------
 */

/* Of those a container has by default (null, zero, full, random, urandom, tty,
 * console, ptmx, pts, tun), none opens anything. */
static const char *
opens(const char *type, json_int_t major, json_int_t minor)
{
	if (strcmp(type, "b") == 0)
		return "a block device: whole filesystems of the host";
	if (major == 1 && (minor == 1 || minor == 2 || minor == 4))
		return "memory or ports of the host";
	if (major == 10 && minor == 232)
		return "the machine monitor (kvm)";
	return NULL;
}

static void
look_at_device(struct firn_looking *looking, const json_t *rule)
{
	const json_t *major = json_object_get(rule, "major");
	const json_t *minor = json_object_get(rule, "minor");
	const char *type = firn_json_string(rule, "type", NULL);
	const char *what;

	if (!json_is_true(json_object_get(rule, "allow")))
		return;
	if (type == NULL)
		type = "a";
	if (strcmp(type, "a") == 0 ||
	    (!json_is_integer(major) && strcmp(type, "b") == 0)) {
		firn_reason(looking, "it may open every device of the host");
		return;
	}
	/* mknod of any, without opening it, is a default of runtimes. */
	if (!json_is_integer(major))
		return;
	what = opens(type, json_integer_value(major),
		     json_integer_value(minor));
	if (what != NULL)
		firn_reason_weighing(looking, type[0] == 'b' ? 50 : 40,
				     "it may open the device %s %lld:%lld, %s",
				     type, (long long)json_integer_value(major),
				     (long long)json_integer_value(minor),
				     what);
}

void
firn_look_devices(struct firn_looking *looking)
{
	const json_t *config =
		firn_needs(looking, "data/runtime/oci-config.json");
	const json_t *rule;
	size_t i;

	json_array_foreach(firn_json_at(config, "linux", "resources", "devices",
					NULL),
			   i, rule) {
		look_at_device(looking, rule);
	}
}
