#include "assess/places/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "assess/places/identities.h"
#include "assess/places/neighbours.h"
#include "assess/places/walk.h"
#include "base/auto.h"
#include "base/json.h"

/* How the node's credentials are looked through. */
enum how {
	FILE_ITSELF,
	EVERYTHING, /* in the folder */
	NAMES       /* well-known ones only */
};

static const struct sensitive {
	const char *path;
	const char *rule;
	enum how how;
	bool neighbours; /* it opens the other containers */
	bool parts;      /* a folder within it is the node's too */
} nodes[] = {
	{ "/etc/shadow", "host-files", FILE_ITSELF, false, false },
	{ "/etc/ssh", "host-files", NAMES, false, true },
	{ "/etc/kubernetes", "kubelet-credentials", EVERYTHING, false, true },
	{ "/etc/rancher", "kubelet-credentials", EVERYTHING, false, true },
	{ "/root", "host-files", NAMES, false, true },
	{ "/home", "host-files", NAMES, false, false },
	{ "/var/lib/kubelet/kubeconfig", "kubelet-credentials", FILE_ITSELF,
	  false, false },
	{ "/var/lib/kubelet/pki", "kubelet-credentials", EVERYTHING, false,
	  true },
	{ "/var/lib/kubelet/pods", "neighbour-secrets", EVERYTHING, false,
	  false },
	{ "/var/lib/rancher", "kubelet-credentials", NAMES, false, false },
	{ "/var/lib/docker/containers", "neighbour-secrets", FILE_ITSELF, true,
	  false },
	{ "/var/lib/containers/storage/overlay-containers", "neighbour-secrets",
	  FILE_ITSELF, true, false },
	{ "/run/containerd/io.containerd.runtime.v2.task", "neighbour-secrets",
	  FILE_ITSELF, true, false },
	{ "/proc", "neighbour-secrets", FILE_ITSELF, true, false },
};
#define N_NODES (sizeof(nodes) / sizeof(nodes[0]))

static const char *const sockets[] = {
	"/run/docker.sock",
	"/run/containerd/containerd.sock",
	"/run/crio/crio.sock",
	"/run/podman/podman.sock",
	"/run/k3s/containerd/containerd.sock",
	"/run/cri-dockerd.sock",
	"/run/dockershim.sock",
	"/run/buildkit/buildkitd.sock",
};
#define N_SOCKETS (sizeof(sockets) / sizeof(sockets[0]))

bool
firn_is_nodes(const char *origin)
{
	for (size_t i = 0; i < N_NODES; i++) {
		if (firn_path_covers(origin, nodes[i].path) ||
		    (nodes[i].parts && firn_path_covers(nodes[i].path, origin)))
			return true;
	}
	return false;
}

static const char *
last_of(const char *path)
{
	return strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
}

/* One thing of the node that is within reach. */
struct reached {
	const struct firn_looking *looking;
	const struct firn_mount *mount;
	const char *origin; /* of the mount, on the node */
	bool neighbours;
	const char *via;
};

static int
tell(struct reached *reached, const char *rule, const char *identity,
     const char *via, struct firn_err *err)
{
	autojson json_t *facts = json_object();
	struct firn_secret_place place = {
		.where = "mount of the node's",
		.path = reached->mount->point,
		.readable_by = "whoever may use it in the container",
		.readers = FIRN_READERS_ROOT,
		.via = via,
		.facts = facts,
	};
	char name[256];
	struct firn_err none = { 0 };
	autofree char *hostname = NULL;
	size_t len;

	firn_json_text(facts, "path", identity);
	if (firn_host_read(reached->looking->target->host, "/etc/hostname",
			   sizeof(name) - 1, &hostname, &len, &none) == 0) {
		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(hostname, "\n"), hostname);
		firn_json_text(facts, "node", name);
	}
	return firn_reached(reached->looking, rule, identity, &place, err);
}

/* --- sockets
 * --------------------------------------------------------------------
 */

static bool
is_socket(const struct firn_host *host, const char *path)
{
	struct firn_err why = { 0 };
	autoclose int fd = firn_host_file(host, path, O_PATH, &why);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int
tell_socket(struct reached *reached, const char *path, const char *name,
	    struct firn_err *err)
{
	reached->neighbours = true;
	reached->via = name;
	return tell(reached, "docker-socket", path, name, err);
}

static int
look_for_sockets(struct reached *reached, struct firn_err *err)
{
	const struct firn_host *host = reached->looking->target->host;
	bool told = false;

	for (size_t i = 0; i < N_SOCKETS; i++) {
		const char *name = last_of(sockets[i]);

		/* An engine may have its own elsewhere. */
		if (!told &&
		    (strcmp(last_of(reached->origin), name) == 0 ||
		     strcmp(last_of(reached->mount->point), name) == 0)) {
			told = true;
			if (tell_socket(reached, reached->origin, name, err) <
			    0)
				return -1;
		} else if (firn_path_covers(reached->origin, sockets[i]) &&
			   is_socket(host, sockets[i]) &&
			   tell_socket(reached, sockets[i], name, err) < 0) {
			return -1;
		}
	}
	return 0;
}

/* --- files
 * ------------------------------------------------------------------------
 */

static int
look_through(const struct firn_looking *nodes_files,
	     const struct sensitive *one, const char *path, int path_fd,
	     struct firn_err *err)
{
	switch (one->how) {
	case FILE_ITSELF:
		return firn_look_at(nodes_files, path, err);
	case EVERYTHING:
		return firn_look_below(nodes_files, path, err);
	case NAMES:
		return firn_walk_names(nodes_files, path_fd, path, err);
	}
	return 0;
}

static int
look_at_files(struct reached *reached, const struct sensitive *one,
	      const char *path, const struct firn_mounts *mounts,
	      struct firn_err *err)
{
	struct firn_looking files = *reached->looking;
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	char via[4200];

	fd = firn_host_file(files.target->host, path, O_PATH, &why);
	if (fd < 0)
		return 0;
	snprintf(via, sizeof(via), "host path %s", reached->origin);
	files.root_fd = files.target->host->root_fd;
	files.mounts = mounts;
	files.where = "file of the node";
	files.via = via;
	if (one->neighbours) {
		reached->neighbours = true;
		reached->via = "host path";
	}
	if (tell(reached, one->rule, path, via, err) < 0)
		return -1;
	return look_through(&files, one, path, fd, err);
}

static int
look_for_files(struct reached *reached, const struct firn_mounts *mounts,
	       struct firn_err *err)
{
	for (size_t i = 0; i < N_NODES; i++) {
		const char *path = NULL;

		if (firn_path_covers(reached->origin, nodes[i].path))
			path = nodes[i].path;
		else if (nodes[i].parts &&
			 firn_path_covers(nodes[i].path, reached->origin))
			path = reached->origin;
		if (path != NULL &&
		    look_at_files(reached, &nodes[i], path, mounts, err) < 0)
			return -1;
	}
	return 0;
}

/* --- together
 * -----------------------------------------------------------------------
 */

static bool
sees_nodes_processes(const struct firn_target *target)
{
	struct firn_namespaces node = { 0 };
	struct firn_err why = { 0 };

	return firn_proc_namespaces(target->host, 1, &node, &why) == 0 &&
	       node.inode[FIRN_NS_PID] != 0 &&
	       node.inode[FIRN_NS_PID] == target->namespaces.inode[FIRN_NS_PID];
}

/* A view of the kernel's, /proc of the node, has no files but is mounted. */
static bool
is_own(const struct firn_mount *mount)
{
	return strcmp(mount->point, "/") == 0 ||
	       firn_path_covers("/proc", mount->point) ||
	       firn_path_covers("/sys", mount->point) ||
	       firn_path_covers("/dev", mount->point) ||
	       strcmp(mount->fstype, "overlay") == 0;
}

int
firn_look_at_reach(const struct firn_looking *looking,
		   const struct firn_origins *origins, struct firn_err *err)
{
	struct reached reached = { .looking = looking };

	for (size_t i = 0; i < looking->mounts->n; i++) {
		char origin[4096];

		reached.mount = &looking->mounts->items[i];
		reached.origin = origin;
		if (is_own(reached.mount) ||
		    !firn_origin_of(origins, looking->target, reached.mount,
				    origin, sizeof(origin)))
			continue;
		if (look_for_sockets(&reached, err) < 0 ||
		    look_for_files(&reached, &origins->first, err) < 0)
			return -1;
	}
	if (!reached.neighbours && sees_nodes_processes(looking->target)) {
		reached.neighbours = true;
		reached.via = "the node's processes";
	}
	if (!reached.neighbours)
		return 0;
	return firn_look_at_neighbours(looking, reached.via, err);
}
