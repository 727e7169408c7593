#include "firn/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/proc.h"
#include "target/cgroups.h"
#include "target/cluster.h"
#include "target/layers.h"
#include "target/members.h"
#include "target/names.h"
#include "target/namespaces.h"
#include "target/node.h"
#include "target/protect.h"
#include "target/rootfs.h"
#include "target/witness.h"

#define SCANS_MAX 5

const char *
firn_runtime_name(enum firn_runtime runtime)
{
	static const char *const names[] = {
		[FIRN_RUNTIME_UNKNOWN] = "unknown",
		[FIRN_RUNTIME_DOCKER] = "docker",
		[FIRN_RUNTIME_CONTAINERD] = "containerd",
		[FIRN_RUNTIME_CRIO] = "cri-o",
		[FIRN_RUNTIME_PODMAN] = "podman",
		[FIRN_RUNTIME_RUNC] = "runc",
		[FIRN_RUNTIME_CRUN] = "crun",
	};

	return names[runtime];
}

bool
firn_target_refused(const struct firn_err *err)
{
	return err->code == ESRCH || err->code == EEXIST ||
	       err->code == EINVAL || err->code == EPERM;
}

static int
set_text(char **where, const char *text, struct firn_err *err)
{
	if (text == NULL)
		return 0;
	*where = strdup(text);
	return *where == NULL ? firn_err_nomem(err) : 0;
}

static int
set_identity(struct firn_target *target, const struct candidate *candidate,
	     struct firn_err *err)
{
	const struct trace *pod = candidate_pod(candidate);

	target->runtime = candidate_runtime(candidate);
	if (set_text(&target->id, candidate->id, err) < 0 ||
	    set_text(&target->name, candidate_name(candidate), err) < 0 ||
	    set_text(&target->image, candidate_image(candidate), err) < 0)
		return -1;
	if (pod == NULL)
		return 0;
	if (set_text(&target->pod_namespace, pod->pod_namespace, err) < 0 ||
	    set_text(&target->pod_name, pod->pod_name, err) < 0 ||
	    set_text(&target->pod_uid, pod->pod_uid, err) < 0)
		return -1;
	return set_text(&target->pod_container,
			pod->sandbox ? "POD" : pod->pod_container, err);
}

/* Is the process that we hold still the one whose facts we read? */
static int
check_init(const struct firn_target *target, struct firn_err *err)
{
	struct firn_proc_stat stat = { 0 };

	if (firn_proc_stat(target->host, target->init_pid, &stat, err) < 0 ||
	    stat.start_ticks != target->init_start_ticks)
		return firn_err_set(err, ESRCH,
				    "container %s has exited while it was "
				    "looked at",
				    target->id);
	return 0;
}

/* -1 where pids are not ours to use: in a record, or where the host's proc(5)
 * is that of another pid namespace than ours. */
static int
hold_init(struct firn_target *target, struct firn_err *err)
{
	if (!kernel_is_live(target->host) ||
	    namespaces_own_pid(target->host) != getpid())
		return 0;
	target->init_pidfd = (int)syscall(SYS_pidfd_open, target->init_pid, 0);
	if (target->init_pidfd < 0)
		return firn_err_sys(err, "hold pid %d", target->init_pid);
	return 0;
}

static int
set_init(struct firn_target *target, pid_t init, struct firn_err *err)
{
	struct firn_proc_stat stat = { 0 };

	if (firn_proc_stat(target->host, init, &stat, err) < 0)
		return firn_err_set(err, ESRCH,
				    "container %s has exited while it was "
				    "looked at",
				    target->id);
	target->init_pid = init;
	target->init_start_ticks = stat.start_ticks;
	if (hold_init(target, err) < 0)
		return -1;
	return firn_proc_namespaces(target->host, init, &target->namespaces,
				    err);
}

static void
set_labels(struct firn_target *target, const struct candidate *candidate)
{
	const struct trace *labelled = candidate_labelled(candidate);

	if (labelled == NULL)
		return;
	target->labels = json_incref(labelled->labels);
	target->labels_whole = labelled->labels_whole;
}

static int
set_records(struct firn_target *target, const struct candidate *candidate,
	    struct firn_err *err)
{
	struct records records = { 0 };

	for (size_t i = 0; i < candidate->n_traces; i++) {
		const struct trace *trace = candidate->traces[i];

		if (trace->records != NULL)
			trace->records(target->host, trace, &records);
		if (target->environment == NULL &&
		    json_is_array(trace->environment))
			target->environment = json_incref(trace->environment);
		if (target->config_mounts == NULL && trace->mounts != NULL)
			target->config_mounts = json_incref(trace->mounts);
	}
	target->records = records.items;
	target->n_records = records.n;
	return records.failed ? firn_err_nomem(err) : 0;
}

static int
fill(struct firn_target *target, const struct node *node,
     const struct candidate *candidate, pid_t init, struct firn_err *err)
{
	if (set_identity(target, candidate, err) < 0 ||
	    set_init(target, init, err) < 0 ||
	    cgroup_hold(target->host, node->mounts.v2, candidate->v2, true,
			&target->v2, err) < 0 ||
	    cgroup_hold(target->host, node->mounts.freezer, candidate->freezer,
			false, &target->freezer, err) < 0 ||
	    layers_find(target, candidate, err) < 0 ||
	    set_records(target, candidate, err) < 0)
		return -1;
	set_labels(target, candidate);
	witness_hear(node, candidate, target);
	return check_init(target, err);
}

/* What failed in reading is no refusal, whatever its errno(3). */
static void
set_failure(const struct firn_target *target, struct firn_err *err)
{
	struct firn_err gone = { 0 };

	if (target->init_pid != 0 && check_init(target, &gone) < 0)
		*err = gone;
	else if (err->code == EPERM || err->code == EINVAL ||
		 err->code == EEXIST)
		err->code = EIO;
}

static int
open_found(struct firn_target **ret, struct node *node,
	   const struct query *query, bool forced, struct firn_err *err)
{
	autodone(firn_target_close) struct firn_target *target = NULL;
	const struct candidate *candidate;
	pid_t init;

	if (node_find(node, query, &candidate, err) < 0)
		return -1;
	init = node_init(node, candidate);
	if (init == 0)
		return firn_err_set(err, ESRCH,
				    "container %s has no process left",
				    candidate->id);
	if (protect_check(node, candidate, init, err) < 0 ||
	    (!forced && cluster_check(node, candidate, err) < 0))
		return -1;
	target = calloc(1, sizeof(*target));
	if (target == NULL)
		return firn_err_nomem(err);
	*target = (struct firn_target){
		.host = node->host,
		.init_pidfd = -1,
		.v2.dir_fd = -1,
		.freezer.dir_fd = -1,
		.witnesses = json_array(),
		.disagreements = json_array(),
	};
	if (target->witnesses == NULL || target->disagreements == NULL)
		return firn_err_nomem(err);
	if (fill(target, node, candidate, init, err) < 0) {
		if (err->code != ESRCH)
			set_failure(target, err);
		return -1;
	}
	*ret = firn_steal(target);
	return 0;
}

static int
open_any(struct firn_target **ret, const struct firn_host *host,
	 const char *name, bool forced, struct firn_err *err)
{
	autofree struct query *query = malloc(sizeof(*query));
	autofree struct node *node = calloc(1, sizeof(*node));
	int done;

	if (query == NULL || node == NULL)
		return firn_err_nomem(err);
	if (query_parse(name, query, err) < 0)
		return -1;
	done = node_read(node, host, query, err);
	if (done < 0)
		firn_err_in(err, "look at this node");
	else
		done = open_found(ret, node, query, forced, err);
	node_free(node);
	return done;
}

int
firn_target_open(struct firn_target **ret, const struct firn_host *host,
		 const char *name, struct firn_err *err)
{
	return open_any(ret, host, name, false, err);
}

int
firn_target_open_forced(struct firn_target **ret, const struct firn_host *host,
			const char *name, struct firn_err *err)
{
	return open_any(ret, host, name, true, err);
}

void
firn_target_close(struct firn_target **target)
{
	struct firn_target *old = *target;

	if (old == NULL)
		return;
	*target = NULL;
	for (size_t i = 0; i < old->n_records; i++)
		free(old->records[i].path);
	free(old->records);
	free(old->id);
	free(old->name);
	free(old->image);
	free(old->pod_namespace);
	free(old->pod_name);
	free(old->pod_uid);
	free(old->pod_container);
	free(old->members.items);
	firn_auto_close(&old->init_pidfd);
	cgroup_release(&old->v2);
	cgroup_release(&old->freezer);
	rootfs_free(&old->rootfs);
	json_decref(old->labels);
	json_decref(old->environment);
	json_decref(old->config_mounts);
	json_decref(old->witnesses);
	json_decref(old->disagreements);
	free(old);
}

static bool
is_same(const struct firn_members *a, const struct firn_members *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct firn_member *x = &a->items[i], *y = &b->items[i];

		if (x->pid != y->pid || x->start_ticks != y->start_ticks ||
		    x->membership != y->membership ||
		    x->escaped != y->escaped || x->foreign != y->foreign ||
		    x->joined != y->joined || x->out_of != y->out_of ||
		    x->doubtful != y->doubtful)
			return false;
	}
	return true;
}

int
firn_target_scan(struct firn_target *target, struct firn_err *err)
{
	struct firn_members members = { 0 };

	if (members_scan(target, &members, err) < 0)
		return -1;
	for (unsigned i = 1; i < SCANS_MAX && !members.settled; i++) {
		struct firn_members again = { 0 };

		if (members_scan(target, &again, err) < 0) {
			free(members.items);
			return -1;
		}
		again.settled = is_same(&members, &again);
		free(members.items);
		members = again;
	}
	free(target->members.items);
	target->members = members;
	return 0;
}
