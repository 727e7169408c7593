#include <string.h>

#include "assess/exposure/checks.h"
#include "base/json.h"

/*
 * could_mounts -- what of the host's files the container has, by what they
 * open.
 */

struct opening {
	const char *path; /* that, and what is below it */
	unsigned writable, readable;
	const char *opens;
};

/* The first that fits counts.  Weights of 0 are no reason. */
static const struct opening openings[] = {
	{ "/var/lib/kubelet/pods", 0, 0, "" },
	{ "/etc/kubernetes/manifests", 60, 20,
	  "the kubelet runs what stands there" },
	{ "/etc/kubernetes", 60, 50, "the cluster's credentials" },
	{ "/var/lib/kubelet", 60, 50,
	  "the kubelet's credentials, and every pod's volumes" },
	{ "/etc/cron.d", 60, 10, "cron runs what stands there, as root" },
	{ "/etc/crontab", 60, 10, "cron runs what stands there, as root" },
	{ "/var/spool/cron", 60, 10, "cron runs what stands there, as root" },
	{ "/etc/systemd", 60, 10, "systemd runs what stands there, as root" },
	{ "/usr/lib/systemd", 60, 5, "systemd runs what stands there" },
	{ "/etc/ssh", 60, 50, "the host's ssh keys and configuration" },
	{ "/etc/ld.so.preload", 60, 10, "every program of the host loads it" },
	{ "/etc/shadow", 60, 50, "the host's passwords" },
	{ "/etc/sudoers", 60, 20, "who may become root" },
	{ "/etc/hosts", 10, 0, "the host's names" },
	{ "/etc/resolv.conf", 10, 0, "the host's name servers" },
	{ "/etc/localtime", 10, 0, "the host's time zone" },
	{ "/etc/timezone", 10, 0, "the host's time zone" },
	{ "/etc/ssl/certs", 20, 0, "whom the host trusts" },
	{ "/etc", 50, 20, "the host's configuration" },
	{ "/root", 60, 40, "root's files: ssh keys, credentials" },
	{ "/home", 50, 30, "users' files: ssh keys, credentials" },
	{ "/proc", 60, 30, "the host's processes and settings" },
	{ "/sys/fs/cgroup", 50, 5, "the host's control groups" },
	{ "/sys", 50, 10, "the host's devices and settings" },
	{ "/dev/shm", 10, 5, "memory that the host's processes share" },
	{ "/dev", 60, 50, "the host's devices" },
	{ "/boot", 60, 5, "the host's kernel" },
	{ "/lib/modules", 60, 0, "modules that the host's kernel loads" },
	{ "/usr/lib/modules", 60, 0, "modules that the host's kernel loads" },
	{ "/bin", 60, 0, "the host's programs" },
	{ "/sbin", 60, 0, "the host's programs" },
	{ "/lib", 60, 0, "the host's libraries" },
	{ "/usr", 60, 0, "the host's programs and libraries" },
	{ "/var/log/pods", 20, 0, "logs" },
	{ "/var/log", 40, 10,
	  "logs; what the kubelet shows of them follows links" },
	{ "/var/lib/docker/volumes", 10, 5, "volumes" },
	{ "/var/lib/docker/containers", 20, 10, "other containers' logs" },
	{ "/var/lib/docker", 60, 50, "every container's files" },
	{ "/var/lib/containerd", 60, 50, "every container's files" },
	{ "/var/lib/containers", 60, 50, "every container's files" },
	{ "/run/containerd", 60, 40, "the runtime's state and sockets" },
	{ "/run/netns", 10, 5, "network namespaces" },
	{ "/run", 50, 20, "sockets of the host's services" },
	{ "/var/run", 50, 20, "sockets of the host's services" },
};

/* What a runtime gives every container: its own three files, its volumes. */
static bool
is_usual(const struct firn_view *view, const struct firn_host_mount *mount)
{
	static const char *const files[] = {
		"/etc/hosts",           "/etc/hostname",
		"/etc/resolv.conf",     "/run/.containerenv",
		"/dev/termination-log", NULL
	};
	const char *id = firn_json_string(view->target, "id", NULL);

	for (size_t i = 0; files[i] != NULL; i++) {
		if (strcmp(mount->point, files[i]) == 0 &&
		    strcmp(mount->path, files[i]) != 0)
			return true;
	}
	return id != NULL && id[0] != '\0' && strstr(mount->path, id) != NULL;
}

/* A mount of the host within one that is told already says nothing more. */
static bool
is_within_another(const struct firn_view *view,
		  const struct firn_host_mount *mount)
{
	for (size_t i = 0; i < view->n_host_mounts; i++) {
		const struct firn_host_mount *one = &view->host_mounts[i];

		if (one != mount && strcmp(one->point, mount->point) != 0 &&
		    firn_path_below(mount->point, one->point) &&
		    firn_path_below(mount->path, one->path) &&
		    (one->writable || !mount->writable))
			return true;
	}
	return false;
}

static const struct opening *
opening_of(const char *path)
{
	static const struct opening root = { "/", 60, 50,
					     "all of the host's files" };
	static const struct opening other = { NULL, 10, 5,
					      "files of the host" };

	if (strcmp(path, "/") == 0)
		return &root;
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		if (firn_path_below(path, openings[i].path))
			return &openings[i];
	}
	/* "/var" holds /var/lib/kubelet. */
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		if (firn_path_below(openings[i].path, path) &&
		    openings[i].writable >= FIRN_POSSIBLE)
			return &openings[i];
	}
	return &other;
}

void
firn_look_host_paths(struct firn_looking *looking)
{
	const struct firn_view *view = looking->view;

	if (firn_needs(looking, "data/mounts/mounts.jsonl") == NULL)
		return;
	if (view->host.n == 0) {
		firn_cannot_tell(looking, "the host's own mounts were not "
					  "captured");
		return;
	}
	for (size_t i = 0; i < view->n_host_mounts; i++) {
		const struct firn_host_mount *mount = &view->host_mounts[i];
		const struct opening *opening = opening_of(mount->path);
		unsigned weight =
			mount->writable ? opening->writable : opening->readable;

		if (weight == 0 || is_usual(view, mount) ||
		    is_within_another(view, mount))
			continue;
		firn_reason_weighing(looking, weight,
				     "%s of the host is mounted at %s, %s: %s",
				     mount->path, mount->point,
				     mount->writable ? "writable" : "read-only",
				     opening->opens);
	}
}

/* --- the runtime's sockets ------------------------------------------------
 */

static bool
is_runtime(const json_t *listener)
{
	static const char *const names[] = { "dockerd",     "containerd",
					     "crio",        "podman",
					     "buildkitd",   "kubelet",
					     "cri-dockerd", NULL };
	const json_t *owner;
	size_t i;

	json_array_foreach(json_object_get(listener, "pids"), i, owner) {
		const char *comm = firn_json_string(owner, "comm", NULL);

		for (size_t k = 0; comm != NULL && names[k] != NULL; k++) {
			if (strcmp(comm, names[k]) == 0)
				return true;
		}
	}
	return false;
}

static bool
is_runtime_path(const char *path)
{
	static const char *const names[] = {
		"docker.sock",     "containerd.sock",
		"crio.sock",       "podman.sock",
		"buildkitd.sock",  "cri-dockerd.sock",
		"dockershim.sock", NULL
	};
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; slash != NULL && names[i] != NULL; i++) {
		if (strcmp(slash + 1, names[i]) == 0)
			return true;
	}
	return false;
}

/* Connecting needs write permission on the socket, not on its mount. */
static const struct firn_host_mount *
reaches(const struct firn_view *view, const char *path)
{
	const struct firn_host_mount *mount = firn_view_has(view, path);

	return mount != NULL && !is_usual(view, mount) ? mount : NULL;
}

/* Of the sockets that the host's runtimes listen on, the next that it reaches;
 * `*path` is where on the host. */
static const struct firn_host_mount *
next_socket(const struct firn_view *view, size_t *at, const char **path)
{
	const json_t *listeners =
		firn_facts_json(view->facts, "data/host/listeners.jsonl");

	while (*at < json_array_size(listeners)) {
		const json_t *one = json_array_get(listeners, (*at)++);
		const struct firn_host_mount *mount;

		*path = firn_json_string(one, "path", NULL);
		if (*path == NULL || (*path)[0] != '/' ||
		    (!is_runtime_path(*path) && !is_runtime(one)))
			continue;
		mount = reaches(view, *path);
		if (mount != NULL)
			return mount;
	}
	return NULL;
}

/* By its name, where the host's listeners aren't known, or it is stopped. */
static const struct firn_host_mount *
socket_by_name(const struct firn_view *view)
{
	for (size_t i = 0; i < view->n_host_mounts; i++) {
		const struct firn_host_mount *mount = &view->host_mounts[i];

		if ((is_runtime_path(mount->path) ||
		     is_runtime_path(mount->point)) &&
		    !is_usual(view, mount))
			return mount;
	}
	return NULL;
}

const char *
firn_runtime_socket(const struct firn_view *view)
{
	const struct firn_host_mount *mount;
	const char *path;
	size_t at = 0;

	mount = next_socket(view, &at, &path);
	if (mount == NULL)
		mount = socket_by_name(view);
	return mount != NULL ? mount->point : NULL;
}

void
firn_look_runtime_sockets(struct firn_looking *looking)
{
	const struct firn_view *view = looking->view;
	const struct firn_host_mount *mount;
	const char *path;
	size_t at = 0;

	if (firn_needs(looking, "data/mounts/mounts.jsonl") == NULL)
		return;
	while ((mount = next_socket(view, &at, &path)) != NULL)
		firn_reason(looking,
			    "%s of the host can be reached in it, "
			    "through %s",
			    path, mount->point);
	mount = looking->n == 0 ? socket_by_name(view) : NULL;
	if (mount != NULL)
		firn_reason(looking,
			    "%s of the host can be reached in it, "
			    "through %s",
			    mount->path, mount->point);
}

void
firn_look_propagation(struct firn_looking *looking)
{
	const struct firn_view *view = looking->view;

	if (firn_needs(looking, "data/mounts/mounts.jsonl") == NULL ||
	    !firn_view_capable(view, "cap_sys_admin"))
		return;
	for (size_t i = 0; i < view->n_host_mounts; i++) {
		const struct firn_host_mount *one = &view->host_mounts[i];
		const char *how =
			firn_json_string(one->mount, "propagation", NULL);

		if (how != NULL && strstr(how, "shared:") != NULL)
			firn_reason(looking,
				    "%s is shared with the host: "
				    "what it mounts there, the host "
				    "sees",
				    one->point);
	}
}
