#include "target/cluster.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "host/proc.h"
#include "target/namespaces.h"

static const char *const namespaces[] = {
	"kube-system",
	"calico-system",
	"calico-apiserver",
	"tigera-operator",
	"kube-flannel",
	"cilium",
	NULL,
};

/* Pods and containers, also with "-SUFFIX" behind. */
static const char *const names[] = {
	"calico-node",  "cilium",     "kube-flannel", "weave-net",
	"antrea-agent", "kube-proxy", "kube-router",  NULL,
};

static const char *const programs[] = {
	"calico-node",  "cilium-agent", "flanneld",    "weaver",
	"antrea-agent", "kube-proxy",   "kube-router", NULL,
};

static bool
is_listed(const char *const *list, const char *text, bool with_suffix)
{
	for (; text != NULL && *list != NULL; list++) {
		size_t len = strlen(*list);

		if (strncmp(text, *list, len) == 0 &&
		    (text[len] == '\0' || (with_suffix && text[len] == '-')))
			return true;
	}
	return false;
}

static bool
runs_agent(const struct node *node, const struct kernel_process *process)
{
	char exe[PATH_MAX] = "";
	struct firn_err none = { 0 };
	const char *name;

	if (firn_proc_link(node->host, process->pid, "exe", exe, sizeof(exe),
			   &none) < 0)
		exe[0] = '\0';
	name = strrchr(exe, '/');
	if (!is_listed(programs, process->comm, false) &&
	    (name == NULL || !is_listed(programs, name + 1, false)))
		return false;
	return namespace_of(node->host, process->pid, FIRN_NS_NET) ==
	       node->host_namespaces.inode[FIRN_NS_NET];
}

static int
refuse(const char *what, const char *name, struct firn_err *err)
{
	return firn_err_set(err, EPERM,
			    "refused: %s %s, which this node needs; with "
			    "--force it is done all the same",
			    what, name);
}

int
cluster_check(const struct node *node, const struct candidate *candidate,
	      struct firn_err *err)
{
	const struct trace *pod = candidate_pod(candidate);
	const char *name = candidate_name(candidate);

	if (pod != NULL && is_listed(namespaces, pod->pod_namespace, false))
		return refuse("it is a pod of", pod->pod_namespace, err);
	if (pod != NULL && is_listed(names, pod->pod_name, true))
		return refuse("it belongs to the pod", pod->pod_name, err);
	if (pod != NULL && is_listed(names, pod->pod_container, true))
		return refuse("it is", pod->pod_container, err);
	if (is_listed(names, name, true))
		return refuse("it is", name, err);
	for (size_t i = 0; i < node->kernel.n_processes; i++) {
		const struct kernel_process *process =
			&node->kernel.processes[i];

		if (candidate_holds(candidate, process) &&
		    runs_agent(node, process))
			return refuse("it runs", process->comm, err);
	}
	return 0;
}
