#include "contain/cut/unix_files.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/json.h"
#include "host/mountinfo.h"

/* Whoever may talk to one of these may do much on the host. */
static const char *const well_known[] = {
	"/run/docker.sock",
	"/run/containerd/containerd.sock",
	"/run/k3s/containerd/containerd.sock",
	"/run/crio/crio.sock",
	"/run/podman/podman.sock",
	"/run/cri-dockerd.sock",
	"/run/dbus/system_bus_socket",
	"/run/systemd/private",
	"/run/systemd/notify",
	"/run/systemd/journal/socket",
	"/run/systemd/journal/stdout",
	"/run/systemd/journal/dev-log",
	"/run/libvirt/libvirt-sock",
	"/run/snapd.socket",
	"/var/lib/lxd/unix.socket",
	"/var/lib/kubelet/device-plugins/kubelet.sock",
};

/* What of `path` lies below `folder`, without a slash in front; NULL if it is
 * not there. */
static const char *
below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (len > 0 && folder[len - 1] == '/')
		len--;
	if (strncmp(path, folder, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0'))
		return NULL;
	return path[len] == '/' ? path + len + 1 : path + len;
}

static void
join(char ret[PATH_MAX], const char *folder, const char *rest)
{
	size_t len = strlen(folder);
	bool slash = rest[0] != '\0' && (len == 0 || folder[len - 1] != '/');
	int done = snprintf(ret, PATH_MAX, "%s%s%s", folder, slash ? "/" : "",
			    rest);

	if (done < 0 || done >= PATH_MAX)
		ret[0] = '\0';
}

static bool
is_same_device(const struct firn_mount *a, const struct firn_mount *b)
{
	return a->major == b->major && a->minor == b->minor;
}

/* Where on the host the same files are; the mount that shows most of them. */
static const struct firn_mount *
on_the_host(const struct firn_mounts *host, const struct firn_mount *mount)
{
	const struct firn_mount *best = NULL;

	for (size_t i = 0; i < host->n; i++) {
		const struct firn_mount *one = &host->items[i];

		if (is_same_device(one, mount) &&
		    below(mount->root, one->root) != NULL &&
		    (best == NULL || strlen(one->root) < strlen(best->root)))
			best = one;
	}
	return best;
}

/* The mount that a path of the host lies on: of those that are as deep, the
 * last is on top. */
static const struct firn_mount *
covering(const struct firn_mounts *host, const char *path)
{
	const struct firn_mount *best = NULL;

	for (size_t i = 0; i < host->n; i++) {
		const struct firn_mount *one = &host->items[i];

		if (below(path, one->point) != NULL &&
		    (best == NULL || strlen(one->point) >= strlen(best->point)))
			best = one;
	}
	return best;
}

static bool
is_socket(const struct firn_target *target, const char *path)
{
	struct firn_err gone;
	autoclose int fd =
		firn_host_file(target->host, path, O_PATH | O_NOFOLLOW, &gone);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static void
add(json_t *array, const char *path, const char *source)
{
	json_t *object = json_object();

	firn_json_text(object, "kind", "mounted");
	firn_json_text(object, "path", path);
	firn_json_text(object, "source", source);
	json_array_append_new(array, object);
}

/* A well-known socket, seen through a mount of the container's that shows the
 * folder it lies in. */
static void
add_known(const struct firn_target *target, const struct firn_mounts *host,
	  const struct firn_mount *mount, const char *known, json_t *array)
{
	const struct firn_mount *on = covering(host, known);
	char inside[PATH_MAX], path[PATH_MAX];
	const char *rest;

	if (on == NULL || !is_same_device(on, mount))
		return;
	join(inside, on->root, below(known, on->point));
	rest = below(inside, mount->root);
	if (rest == NULL || rest[0] == '\0' || !is_socket(target, known))
		return;
	join(path, mount->point, rest);
	add(array, path, known);
}

static void
look_at(const struct firn_target *target, const struct firn_mounts *host,
	const struct firn_mount *mount, json_t *array)
{
	const struct firn_mount *same;
	char source[PATH_MAX];

	if (firn_mount_waits(mount->fstype) || firn_mount_kernel(mount->fstype))
		return;
	for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++)
		add_known(target, host, mount, well_known[i], array);
	same = on_the_host(host, mount);
	if (same == NULL)
		return;
	join(source, same->point, below(mount->root, same->root));
	if (is_socket(target, source))
		add(array, mount->point, source);
}

int
firn_unix_files(const struct firn_target *target, json_t *array,
		struct firn_err *err)
{
	autodone(firn_mounts_free) struct firn_mounts host = { 0 }, its = { 0 };

	if (firn_mounts_read(target->host, 1, &host, err) < 0 ||
	    firn_mounts_read(target->host, target->init_pid, &its, err) < 0)
		return -1;
	for (size_t i = 0; i < its.n; i++)
		look_at(target, &host, &its.items[i], array);
	return 0;
}
