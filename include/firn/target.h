#ifndef FIRN_TARGET_H
#define FIRN_TARGET_H

/*
 * target -- one container on this node, resolved once and never looked up
 * again by name.
 *
 * The kernel is the first witness, the runtime's state on disk the second.
 * No daemon is asked.  Where the two disagree, that is a finding.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "host/proc.h"

enum firn_runtime {
	FIRN_RUNTIME_UNKNOWN, /* the kernel knows it, no state file does */
	FIRN_RUNTIME_DOCKER,
	FIRN_RUNTIME_CONTAINERD,
	FIRN_RUNTIME_CRIO,
	FIRN_RUNTIME_PODMAN,
	FIRN_RUNTIME_RUNC,
	FIRN_RUNTIME_CRUN,
};

/* firn_runtime_name(runtime) -- "docker", ..., "unknown". */
const char *firn_runtime_name(enum firn_runtime runtime);

/* One control group of the target, held by a descriptor of its folder. */
struct firn_cgroup {
	char *path;     /* in its hierarchy: "/docker/ID"; NULL if none */
	char *folder;   /* on the host: "/sys/fs/cgroup/unified/docker/ID" */
	int dir_fd;     /* -1 if none */
	uint64_t inode; /* of the folder; on v2 also the cgroup's id */
};

/* Where its files are. */
struct firn_rootfs {
	char *fstype; /* "overlay", ...; "" when unknown */
	char *upper;  /* overlay's writable layer, on the host; NULL if none */
	char *work;
	char **lowers; /* topmost first, on the host */
	size_t n_lowers;
	dev_t device; /* st_dev of the merged root, as its processes see it */
	bool read_only;
};

/* How a process belongs to the target. */
enum firn_membership {
	FIRN_IN_CGROUP = 1 << 0,
	FIRN_IN_PIDNS = 1 << 1, /* its own pid namespace or one nested in it */
	FIRN_IN_MNTNS = 1 << 2,
	FIRN_IN_NETNS = 1 << 3,  /* and that is not the host's or another's */
	FIRN_ON_ROOTFS = 1 << 4, /* root or executable lie on its overlay */
};

/* The hierarchies in which it isn't where the target is. */
enum firn_out_of {
	FIRN_OUT_OF_V2 = 1 << 0,
	FIRN_OUT_OF_V1 = 1 << 1, /* of the freezer; one thread is enough */
};

struct firn_member {
	pid_t pid;
	uint64_t start_ticks; /* /proc/PID/stat (22): with the pid, its name */
	unsigned membership;  /* of enum firn_membership */
	unsigned out_of;      /* of enum firn_out_of */
	bool escaped;  /* in its pid namespace or on its files, and out of its
			* cgroup in one hierarchy or in all */
	bool doubtful; /* escaped into the cgroup of another container, and it
			* may be that one's */
	bool foreign;  /* in its cgroup, but none of its namespaces: a runtime's
			* helper, or somebody put there */
	bool joined;   /* shares a namespace, from outside: a tool of the host
			* (nsenter), or a sibling of the pod */
};

struct firn_members {
	struct firn_member *items; /* sorted by pid */
	size_t n;
	bool settled; /* two scans agreed; else it changes faster than that */
};

/* A file on the host that speaks of the target. */
enum firn_record_kind {
	FIRN_RECORD_CONFIG, /* the runtime's and the OCI configuration, state */
	FIRN_RECORD_IMAGE,  /* manifest, image configuration, history */
	FIRN_RECORD_LOG,    /* what the container printed */
};
struct firn_record {
	enum firn_record_kind kind;
	char *path;    /* on the host */
	char name[64]; /* in the archive: ASCII, short, unique per kind */
};

struct firn_target {
	const struct firn_host *host; /* borrowed */
	enum firn_runtime runtime;
	char *id;    /* the runtime's; for a bare cgroup or process, derived */
	char *name;  /* NULL if unknown; the suspect may have chosen it */
	char *image; /* NULL if unknown */
	char *pod_namespace, *pod_name, *pod_uid, *pod_container; /* or NULL */

	pid_t init_pid; /* its pid 1, on the host */
	uint64_t init_start_ticks;
	int init_pidfd;                    /* -1 where the host is recorded */
	struct firn_namespaces namespaces; /* of its init; inodes */

	struct firn_cgroup v2, freezer; /* freezer is cgroup v1's */
	struct firn_rootfs rootfs;
	struct firn_members members; /* as of the last scan; none before */

	struct firn_record *records;
	size_t n_records;
	json_t *labels;    /* object of strings, bounded; NULL if nobody says */
	bool labels_whole; /* these are all that it was given; else what its
			    * runtime wrote down of them as annotations */
	json_t *environment;   /* configured "NAME=value" strings, or NULL */
	json_t *config_mounts; /* configured mounts: objects with "source",
				* "destination", "type", "read_only", or NULL */

	pid_t holder_pid; /* firn's own, which traces its tasks; 0 if none */

	json_t *witnesses;     /* array: what each source said */
	json_t *disagreements; /* array of objects with "fact", "says" */
};

/*
 * firn_target_open(ret, host, name, err) -- find a container and hold it.
 *
 * `name` is a TARGET as in firn(1): a name, an id or a unique prefix of it of
 * three digits or more, docker://ID, containerd://ID, cri-o://ID, podman://ID,
 * id:ID (whichever runtime's, and never a name),
 * pod:NAMESPACE/POD[/CONTAINER], pid:N, cgroup:PATH.
 *
 * Refused, with a message that says what to do: ESRCH for no such container
 * or one that has exited; EEXIST for an ambiguous name, with the candidates;
 * EINVAL for a name that can't be one; EPERM for one that we must not touch:
 * a cgroup that is the root, holds firn, init, a runtime, a kubelet or sshd, or
 * does not belong to exactly one container; and what the node's network or its
 * cluster depends on: pods of kube-system, and CNI agents.
 *
 * Writes nothing anywhere.  Its processes are not looked for yet, because that
 * takes longer than to freeze it: firn_target_scan().  Release with
 * firn_target_close().
 */
FIRN_MUST_CHECK int firn_target_open(struct firn_target **ret,
				     const struct firn_host *host,
				     const char *name, struct firn_err *err);

/* firn_target_open_forced() -- the same, but what the network or the cluster
 * depends on is not refused: to read it, to undo what was done to it, or
 * because a person says so. */
FIRN_MUST_CHECK int firn_target_open_forced(struct firn_target **ret,
					    const struct firn_host *host,
					    const char *name,
					    struct firn_err *err);
void firn_target_close(struct firn_target **target);

/* firn_target_refused(err) -- is this error of firn_target_open() a refusal
 * (exit status 4) rather than a failure (5)? */
bool firn_target_refused(const struct firn_err *err);

/*
 * firn_target_scan(target, err) -- find its processes again.
 *
 * Reads the cgroup, pid, mount and net namespaces, root and executable of
 * every thread on the host, again until two scans agree (at most five times).
 * Replaces `target->members`.
 */
FIRN_MUST_CHECK int firn_target_scan(struct firn_target *target,
				     struct firn_err *err);

/* firn_target_json(target) -- who it is, for a result and for case.json; a
 * new object, NULL when there is no memory.  "processes" is in it after a
 * scan. */
json_t *firn_target_json(const struct firn_target *target);

/*
 * firn_targets(host, ret, err) -- the containers on this node.
 *
 * `*ret` is a new array of objects: id, name, runtime, image, pod, labels,
 * labels_whole, pid, processes, cgroup, state ("running", "frozen", "paused"),
 * sorted by name.
 */
FIRN_MUST_CHECK int firn_targets(const struct firn_host *host, json_t **ret,
				 struct firn_err *err);

/*
 * firn_target_ids(host, ret, err) -- only the ids of those that run: what takes
 * the time of one firn_target_open(), and answers for many.
 *
 * `*ret` is a new array of strings, sorted.  An id that none of them begins
 * with is of no container that ran before the call.
 */
FIRN_MUST_CHECK int firn_target_ids(const struct firn_host *host, json_t **ret,
				    struct firn_err *err);

/*
 * firn_containers(host, ret, ret_problems, err) -- all that the node knows of,
 * running or not, and how each can reach it.
 *
 * `*ret` is a new array of objects, by id: id, name, runtime, image, pid and
 * start_ticks (of its first process), created, started and ended (as its
 * runtime wrote them), running, privileged (null if nobody says), pid_mode,
 * network_mode ("private", "host", a path, or the runtime's word), mounts (of
 * the host's paths: source, destination, writable).  At most
 * FIRN_CONTAINERS_MAX.  `*ret_problems` is a new array of text: state files
 * that can't be read.
 */
#define FIRN_CONTAINERS_MAX 8192
FIRN_MUST_CHECK int firn_containers(const struct firn_host *host, json_t **ret,
				    json_t **ret_problems,
				    struct firn_err *err);

#endif
