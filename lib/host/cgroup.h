#ifndef HOST_CGROUP_H
#define HOST_CGROUP_H

/*
 * cgroup -- which control groups a process is in, and where they are mounted.
 *
 * Source: cgroups(7), proc_pid_cgroup(5).
 */

#include <stddef.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/host.h"

#define FIRN_CGROUP_PATH 4096

/* Where the hierarchies are, as absolute paths on the host; "" for one that
 * is not mounted. */
struct firn_cgroup_mounts {
	char v2[FIRN_CGROUP_PATH];
	char freezer[FIRN_CGROUP_PATH]; /* v1 */
	char systemd[FIRN_CGROUP_PATH]; /* v1, by which systemd knows what
					 * belongs to a unit */
};

/* firn_cgroup_mounts(host, ret, err) -- from firn's own mountinfo.  The root
 * of each hierarchy must be what is mounted there; one that shows only a part
 * (in a container) is left out. */
FIRN_MUST_CHECK int firn_cgroup_mounts(const struct firn_host *host,
				       struct firn_cgroup_mounts *ret,
				       struct firn_err *err);

/* Paths within the hierarchies, "/" for the root; "" where the kernel has no
 * such hierarchy. */
struct firn_cgroup_paths {
	char v2[FIRN_CGROUP_PATH];
	char freezer[FIRN_CGROUP_PATH];
	char any[FIRN_CGROUP_PATH]; /* the deepest path of any hierarchy: where
				     * only pids or memory was set up, it names
				     * the container all the same */
};

/* firn_cgroup_parse(text, len, ret, err) -- of the text of /proc/PID/cgroup;
 * " (deleted)" behind a path stays. */
FIRN_MUST_CHECK int firn_cgroup_parse(const char *text, size_t len,
				      struct firn_cgroup_paths *ret,
				      struct firn_err *err);

/* firn_cgroup_of(host, pid, ret, err) -- of a process; of a thread too. */
FIRN_MUST_CHECK int firn_cgroup_of(const struct firn_host *host, pid_t pid,
				   struct firn_cgroup_paths *ret,
				   struct firn_err *err);

/* firn_cgroup_below(path, ancestor) -- is `path` the same as `ancestor` or
 * below it?  By whole components. */
int firn_cgroup_below(const char *path, const char *ancestor);

/*
 * firn_cgroup_procs(dir_fd, ret, ret_n, err) -- the processes in one cgroup
 * and all those below it, sorted, each once; by cgroup.threads where a
 * threaded one refuses cgroup.procs.
 */
FIRN_MUST_CHECK int firn_cgroup_procs(int dir_fd, pid_t **ret, size_t *ret_n,
				      struct firn_err *err);

/* What firn calls a cgroup that it makes within a container's, to hold its
 * tasks (contain/freeze/hold.h): this and eight hexadecimal digits. */
#define FIRN_CGROUP_HOLD "firn-hold-"

/* firn_cgroup_is_hold(name) -- is that the last component of such a one? */
int firn_cgroup_is_hold(const char *name);

/* What a cgroup's path says of a container. */
struct firn_cgroup_name {
	char id[72];        /* 64 hexadecimal digits and a NUL, or "" */
	const char *scheme; /* "docker", "libpod", "crio", "cri-containerd",
			     * "" for a bare id; static */
	size_t length;      /* of the path up to the component that names it */
};

/*
 * firn_cgroup_name(path, ret) -- the first component, from the root, that is
 * a container's id: ID, docker-ID.scope, libpod-ID[.scope], crio-ID[.scope],
 * cri-containerd-ID.scope, nerdctl-ID.scope; conmon's own (libpod-conmon-ID,
 * crio-conmon-ID) is not.
 *
 * Returns 1, or 0 if there is none.
 */
int firn_cgroup_name(const char *path, struct firn_cgroup_name *ret);

#endif
