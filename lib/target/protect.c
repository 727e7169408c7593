#include "target/protect.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "host/proc.h"
#include "target/namespaces.h"

#define LISTED_MAX 6

/* Longer names are cut to 15 bytes in comm: the beginning decides. */
static const char *const daemons[] = {
	"dockerd",        "containerd",   "containerd-shim", "conmon",
	"crio",           "cri-dockerd",  "kubelet",         "k3s",
	"sshd",           "sshd-session", "systemd",         "init",
	"systemd-logind", "dbus-daemon",
};

static const char *
group_text(const struct candidate *candidate)
{
	if (candidate->v2 != NULL)
		return candidate->v2;
	return candidate->freezer != NULL ? candidate->freezer : candidate->id;
}

static bool
is_one_of_them(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		size_t whole = strlen(daemons[i]);

		if (strncmp(name, daemons[i], len) == 0 &&
		    (len == whole || (len == 15 && len < whole)))
			return true;
	}
	return strncmp(name, "containerd-shim", 15) == 0 ||
	       strncmp(name, "k3s-", 4) == 0;
}

/*
 * Called so, or run from a file that is.  A container may well run an sshd or
 * a Docker of its own, and a suspect may call itself anything: only one in the
 * host's pid and mount namespaces is the node's.
 */
static bool
is_nodes_daemon(const struct firn_host *host,
		const struct firn_namespaces *hosts, pid_t pid,
		const char *comm)
{
	char exe[PATH_MAX] = "";
	struct firn_err none = { 0 };
	const char *name;

	if (firn_proc_link(host, pid, "exe", exe, sizeof(exe), &none) < 0)
		exe[0] = '\0';
	name = strrchr(exe, '/');
	name = name != NULL ? name + 1 : exe;
	/* " (deleted)" after an update of the package. */
	if (!is_one_of_them(comm, strlen(comm)) &&
	    (name[0] == '\0' || !is_one_of_them(name, strcspn(name, " "))))
		return false;
	return namespace_of(host, pid, FIRN_NS_PID) ==
		       hosts->inode[FIRN_NS_PID] &&
	       namespace_of(host, pid, FIRN_NS_MNT) ==
		       hosts->inode[FIRN_NS_MNT];
}

bool
protect_is_daemon(const struct firn_host *host, pid_t pid)
{
	struct firn_namespaces hosts = { 0 };
	struct firn_proc_stat stat = { 0 };
	struct firn_err none = { 0 };

	return namespaces_of_host(host, &hosts, &none) == 0 &&
	       firn_proc_stat(host, pid, &stat, &none) == 0 &&
	       is_nodes_daemon(host, &hosts, pid, stat.comm);
}

static int
check_processes(const struct node *node, const struct candidate *candidate,
		struct firn_err *err)
{
	const pid_t self = namespaces_own_pid(node->host);

	for (size_t i = 0; i < node->kernel.n_processes; i++) {
		const struct kernel_process *process =
			&node->kernel.processes[i];

		if (!candidate_holds(candidate, process))
			continue;
		if (process->pid == 1)
			return firn_err_set(err, EPERM,
					    "refused: control group %s holds "
					    "pid 1, the whole machine",
					    group_text(candidate));
		if (process->pid == self)
			return firn_err_set(
				err, EPERM,
				"refused: control group %s holds firn itself "
				"(pid %d); run firn from outside of it",
				group_text(candidate), self);
		if (is_nodes_daemon(node->host, &node->host_namespaces,
				    process->pid, process->comm))
			return firn_err_set(
				err, EPERM,
				"refused: control group %s holds %s (pid %d), "
				"which this node needs; name one container, or "
				"move that process out first",
				group_text(candidate), process->comm,
				process->pid);
	}
	return 0;
}

static bool
is_above(const char *mine, const char *other)
{
	return mine != NULL && other != NULL && firn_cgroup_below(other, mine);
}

/* Containers that a runtime made, in a control group that none is named for. */
static int
check_others(const struct node *node, const struct candidate *candidate,
	     struct firn_err *err)
{
	autobuf struct firn_buf list = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < node->n_candidates; i++) {
		const struct candidate *other = &node->candidates[i];

		if (other == candidate || !other->running ||
		    (!is_above(candidate->v2, other->v2) &&
		     !is_above(candidate->freezer, other->freezer)))
			continue;
		/* What a container runs inside itself is its own. */
		if (!candidate->bare && other->group != NULL &&
		    candidate->group != NULL)
			continue;
		if (n++ < LISTED_MAX)
			firn_buf_addf(&list, "%s%.64s", n > 1 ? ", " : "",
				      other->id);
	}
	if (n == 0)
		return 0;
	return firn_err_set(err, EPERM,
			    "refused: control group %s is not one container's "
			    "own, it holds %zu: %s%s; name one of them",
			    group_text(candidate), n,
			    list.data != NULL ? list.data : "",
			    n > LISTED_MAX ? ", ..." : "");
}

/* Two that are called by one id, and no runtime says which it made. */
static int
check_names(const struct candidate *candidate, struct firn_err *err)
{
	const struct kernel_group *group = candidate->group;
	const char *first = NULL, *second = NULL;

	if (group != NULL && candidate->v2 == NULL) {
		first = group->v2;
		second = group->second_v2;
	}
	if (group != NULL && candidate->freezer == NULL && second == NULL) {
		first = group->freezer;
		second = group->second_freezer;
	}
	if (second == NULL)
		return 0;
	return firn_err_set(err, EPERM,
			    "refused: two control groups are called by this "
			    "id, %s and %s; look at both, and name a process "
			    "as pid:N",
			    first, second);
}

/* Two of them at the same depth: two containers that no runtime named. */
static int
check_inits(const struct node *node, const struct candidate *candidate,
	    pid_t init, struct firn_err *err)
{
	size_t depth = pidns_depth_as_init(node->host, init);

	for (size_t i = 0; depth > 0 && i < node->kernel.n_processes; i++) {
		const struct kernel_process *process =
			&node->kernel.processes[i];

		if (process->pid != init &&
		    candidate_holds(candidate, process) &&
		    pidns_depth_as_init(node->host, process->pid) == depth)
			return firn_err_set(
				err, EPERM,
				"refused: control group %s holds more than one "
				"container, with pid %d and pid %d as their "
				"first processes; name one as pid:N",
				group_text(candidate), init, process->pid);
	}
	return 0;
}

static bool
is_hosts(const struct node *node, pid_t pid)
{
	static const enum firn_namespace own[] = { FIRN_NS_PID, FIRN_NS_MNT,
						   FIRN_NS_NET, FIRN_NS_USER };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (namespace_of(node->host, pid, own[i]) !=
		    node->host_namespaces.inode[own[i]])
			return false;
	return true;
}

/* Nothing but its processes says that a bare control group is a container's:
 * one of the host's among them, and it's a service or somebody's session. */
static int
check_namespaces(const struct node *node, const struct candidate *candidate,
		 pid_t init, struct firn_err *err)
{
	if (is_hosts(node, init))
		return firn_err_set(err, EPERM,
				    "refused: control group %s is no "
				    "container's: its processes live in the "
				    "host's own namespaces",
				    group_text(candidate));
	for (size_t i = 0; i < node->kernel.n_processes; i++) {
		const struct kernel_process *process =
			&node->kernel.processes[i];

		if (candidate_holds(candidate, process) &&
		    is_hosts(node, process->pid))
			return firn_err_set(
				err, EPERM,
				"refused: control group %s also holds %s (pid "
				"%d), which lives in the host's own "
				"namespaces; name one that is the container's "
				"alone, or move that process out first",
				group_text(candidate), process->comm,
				process->pid);
	}
	return 0;
}

int
protect_check(const struct node *node, const struct candidate *candidate,
	      pid_t init, struct firn_err *err)
{
	if (check_names(candidate, err) < 0 ||
	    check_processes(node, candidate, err) < 0 ||
	    check_others(node, candidate, err) < 0)
		return -1;
	if (!candidate->bare)
		return 0;
	if (check_inits(node, candidate, init, err) < 0)
		return -1;
	return check_namespaces(node, candidate, init, err);
}
