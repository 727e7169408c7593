#include "contain/freeze/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "contain/freeze/hold_walk.h"
#include "host/cgroup.h"
#include "host/proc.h"

#define MOST_NOT_HELD 64
#define CONFIRM_NS (500 * UINT64_C(1000000))

struct holding {
	const struct firn_target *target;
	char name[FIRN_HOLD_NAME];
	json_t *not_held;
	size_t n_not_held, n_held[FIRN_N_HIERARCHIES];
	bool stands[FIRN_N_HIERARCHIES];
};

/* What is not held is named; what has died has no need of it. */
static void
not_held(struct holding *holding, enum firn_hierarchy hierarchy, pid_t task,
	 const struct firn_err *why)
{
	json_t *one;

	if (holding->n_not_held++ >= MOST_NOT_HELD)
		return;
	one = json_pack("{s:s}", "hierarchy", firn_hierarchy_names[hierarchy]);
	if (task > 0)
		firn_json_uint(one, "task", (uint64_t)task);
	firn_json_text(one, "error", why->text);
	json_array_append_new(holding->not_held, one);
}

static bool
lives(const struct firn_host *host, pid_t task)
{
	struct firn_proc_stat stat = { 0 };
	struct firn_err gone = { 0 };

	return firn_proc_stat(host, task, &stat, &gone) == 0 &&
	       strchr("ZX", stat.state) == NULL;
}

/* A child that was just made; or the one of a hold that was cut short. */
static int
make_child(const struct firn_hold_place *place, const char *name,
	   const char *file, struct firn_err *err)
{
	autoclose int fd = -1;
	struct firn_cgroup child = { .dir_fd = -1 };

	if (mkdirat(place->dir_fd, name, 0755) < 0 && errno != EEXIST)
		return firn_err_sys(err, "make %s", name);
	fd = openat(place->dir_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open %s", name);
	/* When we leave it, nobody's release agent is to run. */
	if (place->hierarchy == FIRN_V1 &&
	    firn_write_at(fd, "notify_on_release", "0", err) < 0)
		return -1;
	if (strcmp(file, "cgroup.threads") == 0 &&
	    firn_write_at(fd, "cgroup.type", "threaded", err) < 0)
		return -1;
	child.dir_fd = fd;
	if (firn_freezer_write(&child, place->hierarchy, true, err) < 0)
		return -1;
	return firn_steal_fd(&fd);
}

static bool
confirm(int child_fd, enum firn_hierarchy hierarchy)
{
	const struct firn_cgroup child = { .dir_fd = child_fd };
	const uint64_t deadline_ns = firn_monotonic_ns() + CONFIRM_NS;
	struct firn_err ignored = { 0 };

	return (hierarchy == FIRN_V2
			? firn_v2_wait(&child, true, deadline_ns, &ignored)
			: firn_v1_insist(&child, deadline_ns, &ignored)) == 1;
}

static int
hold_place(const struct firn_hold_place *place, void *arg, struct firn_err *err)
{
	struct holding *holding = arg;
	enum firn_hierarchy h = place->hierarchy;
	const char *file = firn_hold_file(place);
	autotasks struct firn_tasks tasks = { 0 }, stuck = { 0 };
	autoclose int child_fd = -1;
	struct firn_err why = { 0 };

	if (strcmp(place->name, holding->name) == 0)
		return 0;
	if (firn_tasks_in(place->dir_fd, file, &tasks, err) < 0)
		return -1;
	if (tasks.n == 0)
		return 0;
	child_fd = make_child(place, holding->name, file, &why);
	if (child_fd < 0) {
		holding->stands[h] = false;
		not_held(holding, h, 0, &why);
		return 0;
	}
	if (firn_hold_move(place, child_fd, file, &stuck, &why) < 0)
		not_held(holding, h, 0, &why);
	holding->n_held[h] += tasks.n;
	for (size_t i = 0; i < stuck.n; i++) {
		holding->n_held[h] -= holding->n_held[h] > 0;
		if (lives(holding->target->host, stuck.items[i])) {
			holding->stands[h] = false;
			not_held(holding, h, stuck.items[i], &why);
		}
	}
	if (!confirm(child_fd, h))
		holding->stands[h] = false;
	return 0;
}

static int
choose_name(char ret[FIRN_HOLD_NAME], struct firn_err *err)
{
	unsigned number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return firn_err_sys(err, "getrandom");
	snprintf(ret, FIRN_HOLD_NAME, FIRN_CGROUP_HOLD "%08x", number);
	return 0;
}

/* The change "hold" of before, which may have been cut short, or a new one. */
static int
ask(struct holding *holding, struct firn_ledger *ledger, uint64_t *ret_change,
    struct firn_err *err)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "hold");
	autojson json_t *details = json_object();
	const json_t *last = json_array_get(open, json_array_size(open) - 1);
	const char *name = firn_json_string(last, "details", "name", NULL);

	if (name != NULL && firn_cgroup_is_hold(name)) {
		snprintf(holding->name, sizeof(holding->name), "%s", name);
		*ret_change = (uint64_t)json_integer_value(
			json_object_get(last, "change"));
		return 0;
	}
	if (choose_name(holding->name, err) < 0)
		return -1;
	firn_json_text(details, "name", holding->name);
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(holding->target, h);
		json_t *part;

		if (cgroup == NULL)
			continue;
		part = json_object();
		firn_json_text(part, "path", cgroup->path);
		firn_json_text(part, "folder", cgroup->folder);
		firn_json_uint(part, "inode", cgroup->inode);
		json_object_set_new(details, firn_hierarchy_names[h], part);
	}
	return firn_ledger_ask(ledger, "hold", details, ret_change, err);
}

static json_t *
report(struct holding *holding)
{
	json_t *result = json_object();
	size_t n = holding->n_held[FIRN_V2];

	if (firn_freezer_cgroup(holding->target, FIRN_V2) == NULL)
		n = holding->n_held[FIRN_V1];
	firn_json_uint(result, "processes", n);
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++)
		json_object_set_new(result, firn_hierarchy_names[h],
				    json_boolean(holding->stands[h]));
	json_object_set(result, "not_held", holding->not_held);
	return result;
}

/* v2 first, as the freeze: a task that only v1 holds is killed by thawing. */
static void
hold_all(struct holding *holding)
{
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(holding->target, h);
		struct firn_hold_place first = { .hierarchy = h,
						 .parent_fd = -1,
						 .name = "" };
		struct firn_err why = { 0 };

		if (cgroup == NULL)
			continue;
		first.dir_fd = cgroup->dir_fd;
		holding->stands[h] = true;
		if (firn_hold_walk(&first, hold_place, holding, &why) == 0)
			continue;
		holding->stands[h] = false;
		not_held(holding, h, 0, &why);
	}
}

int
firn_hold(const struct firn_target *target, struct firn_ledger *ledger,
	  json_t **ret, struct firn_err *err)
{
	autojson json_t *not_held_list = json_array();
	struct holding holding = { .target = target,
				   .not_held = not_held_list };
	json_t *result;
	struct firn_err why = { 0 };
	uint64_t change;

	if (ask(&holding, ledger, &change, err) < 0)
		return firn_err_in(err, "hold");
	hold_all(&holding);
	result = report(&holding);
	if (firn_ledger_note(ledger, change,
			     holding.n_not_held == 0 ? "confirmed" : "made",
			     result, &why) < 0)
		firn_json_text(result, "unrecorded", why.text);
	*ret = result;
	return 0;
}
