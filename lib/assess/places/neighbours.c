#include "assess/places/neighbours.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assess/places/environments.h"
#include "assess/places/mounted.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "host/proc.h"

/* For all of them together, and of that for one. */
#define ALL_NS ((uint64_t)10 * 1000000000)
#define ONE_NS ((uint64_t)2 * 1000000000)
#define PROCESSES_MAX 500

static void
census_free(struct firn_census *census)
{
	free(census->pids);
	free(census->pidns);
}

static int
census_take(struct firn_census *census, const struct firn_host *host,
	    struct firn_err *err)
{
	struct firn_namespaces of = { 0 };
	struct firn_err gone = { 0 };

	if (firn_proc_pids(host, &census->pids, &census->n, err) < 0)
		return -1;
	census->pidns = calloc(census->n + 1, sizeof(uint64_t));
	if (census->pidns == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < census->n; i++) {
		if (firn_proc_namespaces(host, census->pids[i], &of, &gone) ==
		    0)
			census->pidns[i] = of.inode[FIRN_NS_PID];
		if (census->pids[i] == 1)
			census->nodes_pidns = census->pidns[i];
	}
	return 0;
}

/* --- one of them
 * ----------------------------------------------------------------
 */

/* In the node's pid namespace it can't be told from the rest: its first
 * process only. */
static int
look_at_its_processes(const struct firn_looking *looking,
		      const struct firn_census *census, struct firn_err *err)
{
	pid_t init = looking->target->init_pid;
	uint64_t pidns = 0;
	size_t n = 0;

	for (size_t i = 0; i < census->n; i++) {
		if (census->pids[i] == init)
			pidns = census->pidns[i];
	}
	if (pidns == 0 || pidns == census->nodes_pidns)
		return firn_look_at_process(looking, init, NULL, err);
	for (size_t i = 0; i < census->n && n < PROCESSES_MAX; i++) {
		if (census->pidns[i] != pidns)
			continue;
		n++;
		if (firn_look_spent(looking, "its processes"))
			return 0;
		if (firn_look_at_process(looking, census->pids[i], NULL, err) <
		    0)
			return -1;
	}
	return 0;
}

static int
look_at_its_files(struct firn_looking *looking,
		  const struct firn_origins *origins, struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int root_fd = -1;

	root_fd =
		firn_proc_open(looking->target->host, looking->target->init_pid,
			       "root", O_PATH | O_DIRECTORY, &why);
	if (root_fd < 0) {
		firn_look_gap(looking, "its files", &why);
		return 0;
	}
	looking->root_fd = root_fd;
	return firn_look_at_secret_mounts(looking, origins, err);
}

int
firn_look_at_neighbour(struct firn_checklist *list,
		       const struct firn_target *neighbour,
		       const struct firn_census *census, const char *via,
		       struct firn_err *err)
{
	struct firn_spent spent = {
		.deadline_ns = firn_monotonic_ns() + ONE_NS,
	};
	autojson json_t *seen = json_object(), *facts = json_object();
	struct firn_opener opener = { 0 };
	struct firn_origins origins = { 0 };
	struct firn_mounts mounts = { 0 };
	struct firn_ids ids;
	struct firn_looking looking = {
		.list = list,
		.target = neighbour,
		.mounts = &mounts,
		.ids = &ids,
		.opener = &opener,
		.spent = &spent,
		.via = via,
		.facts = facts,
	};
	struct firn_err why = { 0 };
	int done = 0;

	spent.seen = seen;
	firn_json_text(facts, "container",
		       neighbour->name != NULL ? neighbour->name
					       : neighbour->id);
	firn_ids_read(neighbour->host, neighbour->init_pid, &ids);
	if (firn_mounts_read(neighbour->host, neighbour->init_pid, &mounts,
			     &why) < 0) {
		firn_look_gap(&looking, neighbour->id, &why);
		return 0;
	}
	firn_origins_read(neighbour->host, &origins);
	done = look_at_its_processes(&looking, census, err);
	if (done == 0)
		done = look_at_its_files(&looking, &origins, err);
	firn_origins_free(&origins);
	firn_mounts_free(&mounts);
	firn_opener_close(&opener);
	return done;
}

/* --- each of them
 * -----------------------------------------------------------------
 */

static enum firn_runtime
runtime_of(const json_t *one)
{
	const char *name = firn_json_string(one, "runtime", NULL);

	for (int i = FIRN_RUNTIME_UNKNOWN; i <= FIRN_RUNTIME_CRUN; i++) {
		if (name != NULL &&
		    strcmp(firn_runtime_name((enum firn_runtime)i), name) == 0)
			return (enum firn_runtime)i;
	}
	return FIRN_RUNTIME_UNKNOWN;
}

/* Enough of a target to look at: it is neither held nor resolved. */
static int
visit(const struct firn_host *host, const json_t *one,
      const struct firn_census *census, firn_neighbour_fn *each, void *arg,
      struct firn_err *err)
{
	autofree char *id = NULL, *name = NULL, *namespace = NULL;
	const char *said_name = firn_json_string(one, "name", NULL);
	const char *said_id = firn_json_string(one, "id", NULL);
	const char *pod = firn_json_string(one, "pod", "namespace", NULL);
	struct firn_target neighbour = {
		.host = host,
		.runtime = runtime_of(one),
		.init_pid =
			(pid_t)json_integer_value(json_object_get(one, "pid")),
		.init_pidfd = -1,
	};

	id = strdup(said_id != NULL ? said_id : "?");
	name = said_name != NULL ? strdup(said_name) : NULL;
	namespace = pod != NULL ? strdup(pod) : NULL;
	if (id == NULL)
		return firn_err_nomem(err);
	neighbour.id = id;
	neighbour.name = name;
	neighbour.pod_namespace = namespace;
	return each(&neighbour, census, arg, err);
}

int
firn_neighbours_visit(const struct firn_target *target, json_t *gaps,
		      firn_neighbour_fn *each, void *arg, struct firn_err *err)
{
	uint64_t deadline = firn_monotonic_ns() + ALL_NS;
	autojson json_t *all = NULL;
	struct firn_census census = { 0 };
	struct firn_err why = { 0 };
	const json_t *one;
	int done = 0;
	size_t i;

	if (firn_targets(target->host, &all, &why) < 0 ||
	    census_take(&census, target->host, &why) < 0) {
		json_array_append_new(gaps, json_pack("{s:s, s:s}", "what",
						      "the other containers",
						      "why", why.text));
		census_free(&census);
		return 0;
	}
	json_array_foreach(all, i, one) {
		const char *id = firn_json_string(one, "id", NULL);

		if (id == NULL ||
		    (target->id != NULL && strcmp(id, target->id) == 0))
			continue;
		if (firn_monotonic_ns() > deadline) {
			json_array_append_new(
				gaps, json_pack("{s:s, s:s}", "what", id, "why",
						"another container: the time "
						"for those was over"));
			continue;
		}
		done = visit(target->host, one, &census, each, arg, err);
		if (done < 0)
			break;
	}
	census_free(&census);
	return done;
}

/* --- into the target's own list
 * -----------------------------------------------------
 */

struct within_reach {
	struct firn_checklist *list;
	const char *via;
};

static int
add_neighbour(const struct firn_target *neighbour,
	      const struct firn_census *census, void *arg, struct firn_err *err)
{
	const struct within_reach *reach = arg;
	autofree char *via = NULL;

	if (asprintf(&via, "%s: container %s", reach->via,
		     neighbour->name != NULL ? neighbour->name
					     : neighbour->id) < 0)
		return firn_err_nomem(err);
	return firn_look_at_neighbour(reach->list, neighbour, census, via, err);
}

int
firn_look_at_neighbours(const struct firn_looking *looking, const char *via,
			struct firn_err *err)
{
	struct within_reach reach = { looking->list, via };

	return firn_neighbours_visit(looking->target, looking->list->gaps,
				     add_neighbour, &reach, err);
}
