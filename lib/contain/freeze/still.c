#include "contain/freeze/still.h"

#include <errno.h>

#include "base/auto.h"
#include "contain/freeze/tasks.h"
#include "contain/freeze/unfrozen.h"
#include "host/proc.h"

/* Who is where; v2's threads and v1's, and those that are vouched for. */
struct census {
	struct firn_tasks procs, v1_procs;
	struct firn_tasks threads[FIRN_N_HIERARCHIES];
	struct firn_tasks all, vouched, suspects;
};

static void
release(struct census *census)
{
	firn_tasks_free(&census->procs);
	firn_tasks_free(&census->v1_procs);
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++)
		firn_tasks_free(&census->threads[h]);
	firn_tasks_free(&census->all);
	firn_tasks_free(&census->vouched);
	firn_tasks_free(&census->suspects);
}

static int
add_all(struct firn_tasks *to, const struct firn_tasks *from,
	struct firn_err *err)
{
	for (size_t i = 0; i < from->n; i++)
		if (firn_tasks_add(to, from->items[i], err) < 0)
			return -1;
	firn_tasks_sort(to);
	return 0;
}

static int
count(struct census *census, const struct firn_still *still,
      const struct firn_target *target, struct firn_err *err)
{
	static const char *const files[] = { "cgroup.threads", "tasks" };

	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(target, h);
		struct firn_tasks *threads = &census->threads[h];

		if (cgroup == NULL)
			continue;
		if (firn_tasks_list(cgroup->dir_fd, "cgroup.procs",
				    h == FIRN_V1 ? &census->v1_procs
						 : &census->procs,
				    err) < 0 ||
		    firn_tasks_list(cgroup->dir_fd, files[h], threads, err) <
			    0 ||
		    add_all(&census->all, threads, err) < 0)
			return -1;
		if (still->confirmed[h] &&
		    add_all(&census->vouched, threads, err) < 0)
			return -1;
	}
	return add_all(&census->procs, &census->v1_procs, err);
}

static int
suspect(struct census *census, pid_t tid, struct firn_err *err)
{
	if (firn_tasks_have(&census->vouched, tid))
		return 0;
	return firn_tasks_add(&census->suspects, tid, err);
}

/* The threads of a process that v1 has, wherever they are.  v2 takes a process
 * whole. */
static int
suspect_strays(struct census *census, const struct firn_still *still,
	       const struct firn_host *host, struct firn_err *err)
{
	for (size_t i = 0; i < census->v1_procs.n; i++) {
		pid_t pid = census->v1_procs.items[i];
		autofree pid_t *tids = NULL;
		struct firn_err gone = { 0 };
		size_t n = 0;

		if (still->confirmed[FIRN_V2] &&
		    firn_tasks_have(&census->threads[FIRN_V2], pid))
			continue;
		if (firn_proc_threads(host, pid, &tids, &n, &gone) < 0)
			continue;
		for (size_t k = 0; k < n; k++)
			if (suspect(census, tids[k], err) < 0)
				return -1;
	}
	return 0;
}

static int
judge(struct firn_still *still, struct census *census,
      const struct firn_target *target, struct firn_err *err)
{
	if (count(census, still, target, err) < 0)
		return -1;
	still->n_processes = census->procs.n;
	still->n_threads = census->all.n;
	for (size_t i = 0; i < census->all.n; i++)
		if (suspect(census, census->all.items[i], err) < 0)
			return -1;
	if (suspect_strays(census, still, target->host, err) < 0)
		return -1;
	firn_tasks_sort(&census->suspects);
	still->all = census->suspects.n == 0;
	if (still->all)
		return 0;
	if (firn_unfrozen(target->host, &census->suspects, &still->unfrozen,
			  &still->n_unfrozen, err) < 0)
		return -1;
	still->all = still->n_unfrozen == 0;
	return 0;
}

void
firn_still_judge(struct firn_still *still, const struct firn_target *target)
{
	autodone(release) struct census census = { 0 };

	if (judge(still, &census, target, &still->why) == 0)
		return;
	/* Then the kernel's word for the cgroups is all that there is. */
	still->all = true;
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++)
		if (firn_freezer_cgroup(target, h) != NULL)
			still->all = still->all && still->confirmed[h];
}

void
firn_still_free(struct firn_still *still)
{
	json_decref(still->unfrozen);
	still->unfrozen = NULL;
}
