#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/freeze/hold.h"
#include "contain/freeze/hold_walk.h"
#include "host/cgroup.h"

#define EMPTY_NS (2 * UINT64_C(1000000000))

/* A child is not to be removed before its dead are reaped, or, on v1, have
 * left it (cgroups(7)): soon, unless somebody holds them by ptrace. */
static int
remove_child(const struct firn_hold_place *place, struct firn_err *err)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	const uint64_t deadline_ns = firn_monotonic_ns() + EMPTY_NS;

	while (unlinkat(place->parent_fd, place->name, AT_REMOVEDIR) < 0) {
		if (errno == ENOENT || errno == ENODEV)
			return 0;
		if (errno != EBUSY || firn_monotonic_ns() > deadline_ns)
			return firn_err_sys(err, "remove %s", place->name);
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int
put_back(const struct firn_hold_place *place, void *arg, struct firn_err *err)
{
	const char *name = arg;
	autotasks struct firn_tasks stuck = { 0 };
	struct firn_err why = { 0 };

	if (strcmp(place->name, name) != 0 || place->parent_fd < 0)
		return 0;
	if (firn_hold_move(place, place->parent_fd, firn_hold_file(place),
			   &stuck, &why) < 0 &&
	    why.code != ENODEV && why.code != ENOENT) {
		*err = why;
		return -1;
	}
	return remove_child(place, err);
}

static bool
is_that_one(const json_t *change, enum firn_hierarchy hierarchy,
	    const struct firn_cgroup *cgroup)
{
	json_int_t inode = json_integer_value(
		firn_json_at(change, "details", firn_hierarchy_names[hierarchy],
			     "inode", NULL));

	return inode > 0 && (uint64_t)inode == cgroup->inode;
}

static int
undo(const struct firn_target *target, const json_t *change, char *name,
     struct firn_err *err)
{
	/* In the reverse order: v1 lies on top of v2. */
	for (int h = FIRN_N_HIERARCHIES - 1; h >= 0; h--) {
		struct firn_hold_place first = {
			.hierarchy = (enum firn_hierarchy)h,
			.parent_fd = -1,
			.name = "",
		};
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(target, first.hierarchy);

		if (cgroup == NULL ||
		    !is_that_one(change, first.hierarchy, cgroup))
			continue;
		first.dir_fd = cgroup->dir_fd;
		if (firn_hold_walk(&first, put_back, name, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_hold_undo(const struct firn_target *target, struct firn_ledger *ledger,
	       bool *ret_held, struct firn_err *err)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "hold");
	json_t *change;
	size_t i;

	*ret_held = false;
	json_array_foreach(open, i, change) {
		const char *text =
			firn_json_string(change, "details", "name", NULL);
		char name[FIRN_HOLD_NAME] = "";
		json_int_t number =
			json_integer_value(json_object_get(change, "change"));

		/* Nothing else may be moved out of, and removed. */
		if (text != NULL && firn_cgroup_is_hold(text))
			strcpy(name, text);
		if (name[0] != '\0' && undo(target, change, name, err) < 0)
			return firn_err_in(err, "undo the hold");
		if (firn_ledger_note(ledger, (uint64_t)number, "undone", NULL,
				     err) < 0)
			return -1;
		*ret_held = true;
	}
	return 0;
}

struct standing {
	size_t held;
	bool loose;
};

static int
look(const struct firn_hold_place *place, void *arg, struct firn_err *err)
{
	struct standing *standing = arg;
	const struct firn_cgroup cgroup = { .dir_fd = place->dir_fd };
	struct firn_freezer_state state = { 0 };
	autotasks struct firn_tasks tasks = { 0 };

	if (firn_tasks_in(place->dir_fd, firn_hold_file(place), &tasks, err) <
	    0)
		return -1;
	if (tasks.n == 0)
		return 0;
	if (!firn_cgroup_is_hold(place->name) ||
	    firn_freezer_read(&cgroup, place->hierarchy, &state, err) < 0 ||
	    !state.frozen)
		standing->loose = true;
	standing->held += tasks.n;
	return 0;
}

bool
firn_hold_stands(const struct firn_target *target)
{
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(target, h);
		struct firn_hold_place first = { .hierarchy = h,
						 .parent_fd = -1,
						 .name = "" };
		struct standing standing = { 0 };
		struct firn_err ignored = { 0 };

		if (cgroup == NULL)
			continue;
		first.dir_fd = cgroup->dir_fd;
		if (firn_hold_walk(&first, look, &standing, &ignored) == 0 &&
		    standing.held > 0 && !standing.loose)
			return true;
	}
	return false;
}
