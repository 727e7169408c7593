#include "target/node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "firn/target.h"
#include "target/bare.h"

/* How many candidates a message about an ambiguous name lists. */
#define LISTED_MAX 6

enum match {
	MATCH_NONE,
	MATCH_PART, /* the name, or the beginning of the id */
	MATCH_WHOLE /* the id itself: nothing else can be meant */
};

static enum match
match_id(const struct candidate *candidate, const char *text, size_t least)
{
	size_t len = strlen(text);

	if (strcmp(candidate->id, text) == 0)
		return MATCH_WHOLE;
	/* Ids that a person chose are not to be cut. */
	if (len >= least && strlen(candidate->id) == 64 &&
	    names_is_hex(candidate->id) && names_is_hex(text) &&
	    strncmp(candidate->id, text, len) == 0)
		return MATCH_PART;
	return MATCH_NONE;
}

static bool
is(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static enum match
match_pod(const struct candidate *candidate, const struct query *query)
{
	const struct trace *pod = candidate_pod(candidate);

	if (pod == NULL || !is(pod->pod_namespace, query->pod_namespace) ||
	    !is(pod->pod_name, query->pod_name))
		return MATCH_NONE;
	/* The sandbox only holds the namespaces; it is meant when it's named.
	 */
	if (query->pod_container[0] == '\0')
		return pod->sandbox ? MATCH_NONE : MATCH_PART;
	if (pod->sandbox)
		return strcmp(query->pod_container, "POD") == 0 ? MATCH_PART
								: MATCH_NONE;
	return is(pod->pod_container, query->pod_container) ? MATCH_PART
							    : MATCH_NONE;
}

static enum match
match(const struct candidate *candidate, const struct query *query)
{
	enum match by_id;

	if (query->kind == QUERY_POD)
		return match_pod(candidate, query);
	if (query->kind == QUERY_ID) {
		enum firn_runtime runtime = candidate_runtime(candidate);

		/* Where only the kernel knows it, the scheme can't be checked.
		 */
		if (runtime != query->runtime &&
		    runtime != FIRN_RUNTIME_UNKNOWN &&
		    query->runtime != FIRN_RUNTIME_UNKNOWN)
			return MATCH_NONE;
		return match_id(candidate, query->text, 12);
	}
	by_id = match_id(candidate, query->text, 3);
	if (by_id == MATCH_NONE && is(candidate_name(candidate), query->text))
		return MATCH_PART;
	return by_id;
}

static void
describe(const struct candidate *candidate, struct firn_buf *ret)
{
	const char *name = candidate_name(candidate);
	const struct trace *pod = candidate_pod(candidate);

	firn_buf_addf(ret, "%s%s %.64s", ret->len > 0 ? ", " : "",
		      firn_runtime_name(candidate_runtime(candidate)),
		      candidate->id);
	if (pod != NULL)
		firn_buf_addf(ret, " (pod:%.40s/%.40s/%.40s)",
			      pod->pod_namespace != NULL ? pod->pod_namespace
							 : "",
			      pod->pod_name,
			      pod->sandbox                 ? "POD"
			      : pod->pod_container != NULL ? pod->pod_container
							   : "");
	else if (name != NULL && strcmp(name, candidate->id) != 0)
		firn_buf_addf(ret, " (%.40s)", name);
}

static int
refuse_ambiguous(const struct node *node, const struct query *query,
		 const char *text, enum match wanted, struct firn_err *err)
{
	autobuf struct firn_buf list = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < node->n_candidates; i++) {
		const struct candidate *candidate = &node->candidates[i];

		if (!candidate->running || match(candidate, query) != wanted)
			continue;
		if (n++ < LISTED_MAX)
			describe(candidate, &list);
	}
	return firn_err_set(err, EEXIST, "\"%s\" could be %zu containers: %s%s",
			    text, n, list.data != NULL ? list.data : "",
			    n > LISTED_MAX ? ", ..." : "");
}

static int
refuse_ended(const struct candidate *candidate, const char *text,
	     struct firn_err *err)
{
	for (size_t i = 0; i < candidate->n_traces; i++)
		if (candidate->traces[i]->ended != NULL)
			return firn_err_set(err, ESRCH,
					    "\"%s\" is not running (%s)", text,
					    candidate->traces[i]->ended);
	return firn_err_set(err, ESRCH,
			    "\"%s\" is not running: %s is still there, but no "
			    "process of it",
			    text,
			    candidate->n_traces > 0
				    ? candidate->traces[0]->source
				    : "its control group");
}

static int
find_by_name(const struct node *node, const struct query *query,
	     const char *text, const struct candidate **ret,
	     struct firn_err *err)
{
	const struct candidate *found = NULL, *ended = NULL;
	enum match best = MATCH_NONE;
	size_t n = 0;

	for (size_t i = 0; i < node->n_candidates; i++) {
		const struct candidate *candidate = &node->candidates[i];
		enum match how = match(candidate, query);

		if (how == MATCH_NONE)
			continue;
		if (!candidate->running) {
			ended = candidate;
			continue;
		}
		if (how > best) {
			best = how;
			n = 0;
		}
		if (how == best) {
			found = candidate;
			n++;
		}
	}
	if (n > 1)
		return refuse_ambiguous(node, query, text, best, err);
	if (n == 1) {
		*ret = found;
		return 0;
	}
	if (ended != NULL)
		return refuse_ended(ended, text, err);
	return firn_err_set(err, ESRCH,
			    "no container on this node is \"%s\"; firn list "
			    "shows those there are",
			    text);
}

static int
find_by_pid(struct node *node, pid_t pid, const struct candidate **ret,
	    struct firn_err *err)
{
	const struct kernel_process *process =
		kernel_process(&node->kernel, pid);

	if (pid == 1)
		return firn_err_set(err, EPERM,
				    "refused: process 1 is the whole machine");
	if (process == NULL)
		return firn_err_set(err, ESRCH, "there is no process %d", pid);
	for (size_t i = 0; i < node->n_candidates; i++) {
		const struct candidate *candidate = &node->candidates[i];

		if (candidate->running && candidate_holds(candidate, process)) {
			*ret = candidate;
			return 0;
		}
	}
	*ret = bare_owner(node, pid);
	if (*ret != NULL)
		return 0;
	if (strlen(process->v2) <= 1 && strlen(process->freezer) <= 1)
		return firn_err_set(err, EPERM,
				    "refused: process %d is in no container "
				    "and no control group of its own; move it "
				    "into a new one first",
				    pid);
	return bare_make(node, pid, process->v2, process->freezer, ret, err);
}

/* A folder of a hierarchy, or a path within it? */
static const char *
within(const struct node *node, const char *path)
{
	const char *const mounts[] = { node->mounts.v2, node->mounts.freezer };

	for (size_t i = 0; i < 2; i++)
		if (mounts[i][0] != '\0' && firn_cgroup_below(path, mounts[i]))
			return path + strlen(mounts[i]);
	return path;
}

static int
find_by_cgroup(struct node *node, const char *given,
	       const struct candidate **ret, struct firn_err *err)
{
	const char *path = within(node, given);
	bool in_v2 = false, in_freezer = false;
	pid_t first = 0;

	if (path[0] == '\0')
		return firn_err_set(err, EPERM,
				    "refused: \"%s\" is the root of a "
				    "hierarchy",
				    given);
	for (size_t i = 0; i < node->n_candidates; i++) {
		const struct candidate *candidate = &node->candidates[i];
		const char *v2 = candidate->v2 != NULL ? candidate->v2 : "/";
		const char *freezer =
			candidate->freezer != NULL ? candidate->freezer : "/";

		if (!candidate->running)
			continue;
		if ((strlen(v2) > 1 && firn_cgroup_below(path, v2)) ||
		    (strlen(freezer) > 1 && firn_cgroup_below(path, freezer))) {
			*ret = candidate;
			return 0;
		}
	}
	for (size_t i = 0; i < node->kernel.n_processes; i++) {
		const struct kernel_process *process =
			&node->kernel.processes[i];

		if (firn_cgroup_below(process->v2, path))
			in_v2 = true;
		if (firn_cgroup_below(process->freezer, path))
			in_freezer = true;
		if (first == 0 && (in_v2 || in_freezer))
			first = process->pid;
	}
	if (!in_v2 && !in_freezer)
		return firn_err_set(err, ESRCH,
				    "there is no process in control group "
				    "\"%s\"",
				    given);
	return bare_make(node, first, in_v2 ? path : "", in_freezer ? path : "",
			 ret, err);
}

int
node_find(struct node *node, const struct query *query,
	  const struct candidate **ret, struct firn_err *err)
{
	char pod[3 * NAMES_MAX + 8];

	switch (query->kind) {
	case QUERY_PID:
		return find_by_pid(node, query->pid, ret, err);
	case QUERY_CGROUP:
		return find_by_cgroup(node, query->text, ret, err);
	case QUERY_POD:
		snprintf(pod, sizeof(pod), "pod:%s/%s%s%s",
			 query->pod_namespace, query->pod_name,
			 query->pod_container[0] != '\0' ? "/" : "",
			 query->pod_container);
		return find_by_name(node, query, pod, ret, err);
	case QUERY_ANY:
	case QUERY_ID:
		break;
	}
	return find_by_name(node, query, query->text, ret, err);
}
