#include "assess/exposure/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/json.h"

#define HOST_MOUNTS_MAX 4096

bool
firn_path_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return path[0] == '/';
	return strncmp(path, folder, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

bool
firn_view_writable(const json_t *mount)
{
	const char *options = firn_json_string(mount, "options", NULL);
	const char *super = firn_json_string(mount, "super_options", NULL);
	char value[8];

	return options != NULL && super != NULL &&
	       firn_mount_option(options, "ro", value, sizeof(value)) < 0 &&
	       firn_mount_option(super, "ro", value, sizeof(value)) < 0;
}

/* --- what of the host it has mounted --------------------------------------
 */

/* What a mount of the container shows of a filesystem (`root`), as a path below
 * one of the host's mounts of it. */
static char *
host_path(const struct firn_mounts *host, const char *device, const char *root)
{
	const struct firn_mount *best = NULL;
	char *path;

	for (size_t i = 0; i < host->n; i++) {
		const struct firn_mount *one = &host->items[i];
		char number[32];

		snprintf(number, sizeof(number), "%u:%u", one->major,
			 one->minor);
		if (strcmp(number, device) != 0 ||
		    !firn_path_below(root, one->root))
			continue;
		if (best == NULL || strlen(one->root) > strlen(best->root) ||
		    (strlen(one->root) == strlen(best->root) &&
		     strlen(one->point) < strlen(best->point)))
			best = one;
	}
	if (best == NULL)
		return NULL;
	root += strcmp(best->root, "/") == 0 ? 0 : strlen(best->root);
	if (asprintf(&path, "%s%s",
		     strcmp(best->point, "/") == 0 ? "" : best->point,
		     strcmp(root, "/") == 0 ? "" : root) < 0)
		return NULL;
	if (path[0] == '\0') {
		free(path);
		return strdup("/");
	}
	return path;
}

/* Its root, and what the runtime makes anew for each container, is none of the
 * host's. */
static bool
is_own(const struct firn_view *view, const json_t *mount)
{
	const char *point = firn_json_string(mount, "point", NULL);
	const char *device = firn_json_string(mount, "device", NULL);
	const char *fstype = firn_json_string(mount, "fstype", NULL);

	return point == NULL || device == NULL || fstype == NULL ||
	       strcmp(point, "/") == 0 ||
	       (view->device != NULL && strcmp(device, view->device) == 0) ||
	       strcmp(fstype, "nsfs") == 0 || strcmp(fstype, "mqueue") == 0 ||
	       strcmp(fstype, "devpts") == 0 ||
	       (firn_mount_kernel(fstype) && (firn_path_below(point, "/sys") ||
					      firn_path_below(point, "/proc")));
}

static int
find_host_mounts(struct firn_view *view, struct firn_err *err)
{
	const json_t *mounts =
		firn_facts_json(view->facts, "data/mounts/mounts.jsonl");
	size_t n = json_array_size(mounts), i;
	const json_t *mount;

	if (n > HOST_MOUNTS_MAX)
		n = HOST_MOUNTS_MAX;
	view->host_mounts = calloc(n + 1, sizeof(*view->host_mounts));
	if (view->host_mounts == NULL)
		return firn_err_nomem(err);
	json_array_foreach(mounts, i, mount) {
		const char *device = firn_json_string(mount, "device", NULL);
		const char *root = firn_json_string(mount, "root", NULL);
		char *path;

		if (view->n_host_mounts == n)
			break;
		if (root == NULL || is_own(view, mount))
			continue;
		path = host_path(&view->host, device, root);
		if (path == NULL)
			continue;
		view->host_mounts[view->n_host_mounts++] =
			(struct firn_host_mount){
				.mount = mount,
				.path = path,
				.point = firn_json_string(mount, "point", NULL),
				.writable = firn_view_writable(mount),
			};
	}
	return 0;
}

static bool
is_better(const struct firn_host_mount *one, const struct firn_host_mount *than)
{
	if (one->writable != than->writable)
		return one->writable;
	return strlen(one->path) > strlen(than->path);
}

const struct firn_host_mount *
firn_view_has(const struct firn_view *view, const char *path)
{
	const struct firn_host_mount *found = NULL;

	for (size_t i = 0; i < view->n_host_mounts; i++) {
		const struct firn_host_mount *one = &view->host_mounts[i];

		if (firn_path_below(path, one->path) &&
		    (found == NULL || is_better(one, found)))
			found = one;
	}
	return found;
}

const json_t *
firn_view_mount(const struct firn_view *view, const char *point)
{
	const json_t *mounts =
		firn_facts_json(view->facts, "data/mounts/mounts.jsonl");
	const json_t *mount, *found = NULL;
	size_t i;

	json_array_foreach(mounts, i, mount) {
		const char *one = firn_json_string(mount, "point", NULL);

		if (one != NULL && strcmp(one, point) == 0)
			found = mount;
	}
	return found;
}

/* --- its processes --------------------------------------------------------
 */

const json_t *
firn_view_process(const struct firn_view *view, json_int_t pid)
{
	const json_t *process;
	size_t i;

	json_array_foreach(view->processes, i, process) {
		if (json_integer_value(json_object_get(process, "pid")) == pid)
			return process;
	}
	return NULL;
}

/* A host's tool that joined the container may have more, and so may what has
 * left it: neither tells what the container was given. */
static bool
is_within(const json_t *process)
{
	const json_t *findings = json_object_get(process, "findings");

	return !firn_json_holds(findings, "joined") &&
	       !firn_json_holds(findings, "outside_cgroup") &&
	       !firn_json_holds(findings, "not_the_containers");
}

bool
firn_view_capable(const struct firn_view *view, const char *capability)
{
	const json_t *process;
	size_t i;

	if (firn_json_holds(firn_json_at(view->init, "capabilities",
					 "effective", NULL),
			    capability) ||
	    firn_json_holds(firn_json_at(view->init, "capabilities",
					 "permitted", NULL),
			    capability))
		return true;
	json_array_foreach(view->processes, i, process) {
		if (is_within(process) &&
		    firn_json_holds(firn_json_at(process, "capabilities",
						 "effective", NULL),
				    capability))
			return true;
	}
	return false;
}

bool
firn_view_shares(const struct firn_view *view, const char *name)
{
	const char *of =
		firn_json_string(view->init, "namespaces", name, "of", NULL);

	return of != NULL && strcmp(of, "host") == 0;
}

/* --- times and paths ------------------------------------------------------
 */

/* Both are written alike, in UTC. */
bool
firn_view_since(const struct firn_view *view, const char *when)
{
	return when != NULL && view->started != NULL &&
	       strcmp(when, view->started) > 0;
}

/* "/var/lib/docker/overlay2/ID/diff" is its upper folder; beside it lies
 * "merged". */
static bool
is_beside(const char *path, const char *folder)
{
	autofree char *parent = strdup(folder);
	char *slash = parent == NULL ? NULL : strrchr(parent, '/');

	if (slash == NULL || slash == parent)
		return false;
	*slash = '\0';
	return firn_path_below(path, parent);
}

/* "/proc/17/root/..." is another way there. */
static bool
is_by_process(const struct firn_view *view, const char *path)
{
	char *end;
	long pid;

	if (strncmp(path, "/proc/", 6) != 0)
		return false;
	pid = strtol(path + 6, &end, 10);
	return pid > 0 && strncmp(end, "/root", 5) == 0 &&
	       firn_view_process(view, pid) != NULL;
}

bool
firn_view_in_layer(const struct firn_view *view, const char *path)
{
	const char *upper =
		firn_json_string(view->target, "rootfs", "upper", NULL);
	const char *config = firn_json_string(
		firn_facts_json(view->facts, "data/runtime/oci-config.json"),
		"root", "path", NULL);

	if (path == NULL || path[0] != '/')
		return false;
	return (upper != NULL && upper[0] == '/' &&
		(firn_path_below(path, upper) || is_beside(path, upper))) ||
	       (config != NULL && config[0] == '/' && config[1] != '\0' &&
		firn_path_below(path, config)) ||
	       is_by_process(view, path);
}

/* --- opening --------------------------------------------------------------
 */

/* makedev(3) of "0:59". */
static json_int_t
number_of(const char *device)
{
	unsigned major_number, minor_number;

	if (device == NULL ||
	    sscanf(device, "%u:%u", &major_number, &minor_number) != 2)
		return -1;
	return (json_int_t)makedev(major_number, minor_number);
}

/* A root that is a plain folder of the host has the device of all that lies
 * beside it: that tells nothing. */
static const char *
own_device(const json_t *root)
{
	const char *fstype = firn_json_string(root, "fstype", NULL);

	return fstype != NULL && strcmp(fstype, "overlay") == 0
		       ? firn_json_string(root, "device", NULL)
		       : NULL;
}

static void
find_first(struct firn_view *view)
{
	const json_t *pid = json_object_get(view->target, "pid");
	const json_t *root;

	view->init = firn_view_process(view, json_integer_value(pid));
	view->started = firn_json_string(view->init, "start", NULL);
	root = firn_view_mount(view, "/");
	view->device = own_device(root);
	view->device_number = number_of(view->device);
}

int
firn_view_open(struct firn_view *ret, struct firn_facts *facts,
	       struct firn_err *err)
{
	struct firn_view view = { .facts = facts };
	struct firn_err why = { 0 };
	const char *text;
	size_t len;

	view.target = firn_facts_json(facts, "data/runtime/target.json");
	view.processes =
		firn_facts_json(facts, "data/processes/processes.jsonl");
	find_first(&view);
	text = firn_facts_text(facts, "data/host/mountinfo", &len);
	if (text != NULL && firn_mounts_parse(text, len, &view.host, &why) < 0)
		firn_facts_gap(facts, "data/host/mountinfo", why.text);
	if (find_host_mounts(&view, err) < 0) {
		firn_view_close(&view);
		return -1;
	}
	*ret = view;
	return 0;
}

void
firn_view_close(struct firn_view *view)
{
	for (size_t i = 0; i < view->n_host_mounts; i++)
		free(view->host_mounts[i].path);
	free(view->host_mounts);
	firn_mounts_free(&view->host);
}
