/*
 * The same programs as filters of a clsact qdisc: before Linux 6.6, and until
 * tcx stands (contain/cut/cut_stopgap.h).  "clsact" judges everybody at the
 * host's end of an interface, "clsact-cgroup" what sockets of the container's
 * cgroup send at one that others use too.
 *
 * A qdisc that we add goes with its last filter.  Who adds a filter to one that
 * another cut of ours added must know: the filters' names say so.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/clsact.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_link.h"

/* Our filters' handles: the first of these that is free. */
#define HANDLE 0xf14fu
#define N_HANDLES 64u

#define OURS "firn_"
#define IN_OUR_QDISC ".clsact"

/* At the host's end, what the container sends comes in. */
struct way {
	enum firn_clsact_way way;
	enum firn_hook hook;
	const char *name;
	const char *side; /* of `sides` */
};
static const struct way of_link[2] = {
	{ FIRN_CLSACT_INGRESS, FIRN_HOOK_LINK_OUT, OURS "link_out", NULL },
	{ FIRN_CLSACT_EGRESS, FIRN_HOOK_LINK_IN, OURS "link_in", NULL },
};
static const struct way of_cgroup[2] = {
	{ FIRN_CLSACT_EGRESS, FIRN_HOOK_OWN_OUT, OURS "own_out", "egress" },
	{ FIRN_CLSACT_INGRESS, FIRN_HOOK_OWN_OUT, OURS "own_out", "ingress" },
};

static const struct way *
ways_of(const json_t *details)
{
	return json_object_get(details, "sides") != NULL ? of_cgroup : of_link;
}

static bool
is_wanted(const json_t *details, const struct way *way)
{
	const char *sides = firn_json_string(details, "sides", NULL);

	return way->side == NULL ||
	       (sides != NULL && strcmp(sides, "both") == 0) ||
	       (sides != NULL && strcmp(sides, way->side) == 0);
}

static uint32_t
handle_of(const json_t *details)
{
	json_int_t n = json_integer_value(json_object_get(details, "handle"));

	return n >= HANDLE && n < HANDLE + N_HANDLES ? (uint32_t)n : HANDLE;
}

static bool
qdisc_was_there(const json_t *details)
{
	return json_is_true(json_object_get(details, "qdisc_was_there"));
}

static bool
is_ours(uint32_t priority, const char *name)
{
	return priority == 1 && strncmp(name, OURS, strlen(OURS)) == 0;
}

/* What is on an interface already. */
struct tenants {
	bool taken[N_HANDLES];
	bool in_our_qdisc;
};

static void
see_tenant(uint32_t handle, uint32_t priority, const char *name, void *arg)
{
	struct tenants *tenants = arg;

	if (handle >= HANDLE && handle < HANDLE + N_HANDLES)
		tenants->taken[handle - HANDLE] = true;
	if (is_ours(priority, name) && strstr(name, IN_OUR_QDISC) != NULL)
		tenants->in_our_qdisc = true;
}

static int
see_tenants(int rtnl_fd, uint32_t ifindex, struct tenants *ret,
	    struct firn_err *err)
{
	*ret = (struct tenants){ 0 };
	if (firn_clsact_filters(rtnl_fd, ifindex, FIRN_CLSACT_INGRESS,
				see_tenant, ret, err) < 0)
		return -1;
	return firn_clsact_filters(rtnl_fd, ifindex, FIRN_CLSACT_EGRESS,
				   see_tenant, ret, err);
}

/* Whose is the qdisc, and which handle is free? */
static int
plan_filters(const struct firn_cut *cut, const struct firn_place *place,
	     struct firn_err *err)
{
	uint32_t ifindex = place->link->ifindex, i = 0;
	struct tenants tenants = { 0 };
	char kind[16];

	if (firn_clsact_kind(cut->rtnl_fd, ifindex, kind, err) < 0)
		return -1;
	if (kind[0] != '\0' && strcmp(kind, "clsact") != 0)
		return firn_err_set(err, EBUSY,
				    "there is a qdisc %s in its place", kind);
	if (kind[0] != '\0' &&
	    see_tenants(cut->rtnl_fd, ifindex, &tenants, err) < 0)
		return -1;
	while (i < N_HANDLES && tenants.taken[i])
		i++;
	if (i == N_HANDLES)
		return firn_err_set(err, ENOSPC,
				    "%u filters of firn's are "
				    "there already",
				    N_HANDLES);
	firn_json_uint(place->details, "handle", HANDLE + i);
	firn_json_uint(place->details, "tx_queue_len",
		       place->link->tx_queue_len);
	json_object_set_new(place->details, "qdisc_was_there",
			    json_boolean(kind[0] != '\0' &&
					 !tenants.in_our_qdisc));
	return 0;
}

static int
plan(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	char counters[48];

	if (firn_place_describe(place, err) < 0 ||
	    plan_filters(cut, place, err) < 0)
		return -1;
	/* With tcx, which may follow, they count as one. */
	snprintf(counters, sizeof(counters), "link-%u-counters",
		 place->link->ifindex);
	if (firn_cut_add_pins(cut, place, err, counters, NULL) < 0)
		return -1;
	firn_json_text(place->details, "counters", firn_cut_pin(place, 0));
	json_object_set(place->details, "allow", cut->allow);
	return 0;
}

static int
plan_own(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	char counters[48];

	if (firn_place_describe(place, err) < 0 ||
	    plan_filters(cut, place, err) < 0)
		return -1;
	snprintf(counters, sizeof(counters), "own-%u-%s-counters",
		 place->link->ifindex, place->sides);
	if (firn_cut_add_pins(cut, place, err, counters, NULL) < 0)
		return -1;
	firn_json_text(place->details, "sides", place->sides);
	firn_json_text(place->details, "cgroup", place->cgroup->folder);
	firn_json_uint(place->details, "inode", place->cgroup->inode);
	firn_json_text(place->details, "counters", firn_cut_pin(place, 0));
	json_object_set(place->details, "allow", cut->allow);
	return firn_cut_log(cut, place, err);
}

/* Another cut of ours may have been quicker. */
static int
add_qdisc(const struct firn_cut *cut, const struct firn_place *place,
	  struct firn_err *err)
{
	uint32_t ifindex = place->link->ifindex;
	struct tenants tenants;
	struct firn_err why = { 0 };

	if (qdisc_was_there(place->details) ||
	    firn_clsact_add(cut->rtnl_fd, ifindex, &why) == 0)
		return 0;
	if (why.code == EEXIST &&
	    see_tenants(cut->rtnl_fd, ifindex, &tenants, err) == 0 &&
	    tenants.in_our_qdisc)
		return 0;
	*err = why;
	return -1;
}

static int
add_filter(const struct firn_cut *cut, const struct firn_place *place,
	   const struct way *way, int prog_fd, struct firn_err *err)
{
	char name[48];
	const struct firn_clsact_filter filter = {
		.ifindex = place->link->ifindex,
		.way = way->way,
		.handle = handle_of(place->details),
		.name = name,
	};

	snprintf(name, sizeof(name), "%s%s", way->name,
		 qdisc_was_there(place->details) ? "" : IN_OUR_QDISC);
	return firn_clsact_add_filter(cut->rtnl_fd, &filter, prog_fd, err);
}

/* All programs are there before the first one is attached. */
static int
make(struct firn_cut *cut, const struct firn_place *place, struct firn_err *err)
{
	const struct way *ways = ways_of(place->details);
	autoclose int map_fd = -1, first_fd = -1, second_fd = -1;
	int *const fds[2] = { &first_fd, &second_fd };

	map_fd = firn_cut_counters(firn_cut_pin(place, 0), err);
	if (map_fd < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		if (!is_wanted(place->details, &ways[i]))
			continue;
		*fds[i] =
			place->cgroup != NULL
				? firn_cut_load_at(cut, place, ways[i].hook,
						   map_fd, err)
				: firn_cut_load(cut, ways[i].hook, map_fd, err);
		if (*fds[i] < 0)
			return -1;
	}
	if (add_qdisc(cut, place, err) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++)
		if (*fds[i] >= 0 &&
		    add_filter(cut, place, &ways[i], *fds[i], err) < 0)
			return -1;
	return 0;
}

/* Is ours there, and nothing before it but others of ours?  What those let go
 * it still judges. */
struct search {
	uint32_t handle;
	bool found, others_first;
};

static void
search_ours(uint32_t handle, uint32_t priority, const char *name, void *arg)
{
	struct search *search = arg;

	if (search->found)
		return;
	if (!is_ours(priority, name))
		search->others_first = true;
	else if (handle == search->handle)
		search->found = true;
}

static int
holds(const json_t *details, struct firn_err *err)
{
	const struct way *ways = ways_of(details);
	autoclose int rtnl_fd = -1;

	if (firn_place_is_here(details, err) < 0)
		return -1;
	rtnl_fd = firn_rtnl_open(err);
	if (rtnl_fd < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		struct search search = { .handle = handle_of(details) };

		if (!is_wanted(details, &ways[i]))
			continue;
		if (firn_clsact_filters(rtnl_fd, firn_place_ifindex(details),
					ways[i].way, search_ours, &search,
					err) < 0)
			return -1;
		if (!search.found)
			return firn_err_set(err, ENOENT,
					    "its filters are not there");
		if (search.others_first)
			return firn_err_set(err, EBUSY,
					    "another filter runs before ours");
	}
	return 0;
}

/* Only once our qdisc is there: before it, nothing has changed. */
static bool
had_no_queue(const json_t *details)
{
	const json_t *len = json_object_get(details, "tx_queue_len");

	return json_is_integer(len) && json_integer_value(len) == 0 &&
	       !qdisc_was_there(details);
}

/* The qdisc that we added goes, unless somebody else uses it by now. */
static int
undo(const json_t *details, struct firn_err *err)
{
	const struct way *ways = ways_of(details);
	uint32_t ifindex = firn_place_ifindex(details);
	autoclose int rtnl_fd = -1;
	struct firn_link link;
	int found;

	if (firn_place_is_here(details, err) < 0)
		return -1;
	rtnl_fd = firn_rtnl_open(err);
	if (rtnl_fd < 0)
		return -1;
	found = firn_place_find(details, rtnl_fd, &link, err);
	if (found <= 0)
		return found;
	/* While nothing passes yet: it stops the interface for a moment. */
	if (had_no_queue(details) && firn_clsact_gave_queue(&link) &&
	    firn_clsact_take_queue(rtnl_fd, ifindex, err) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		const struct firn_clsact_filter filter = {
			.ifindex = ifindex,
			.way = ways[i].way,
			.handle = handle_of(details),
		};

		if (is_wanted(details, &ways[i]) &&
		    firn_clsact_remove_filter(rtnl_fd, &filter, err) < 0)
			return -1;
	}
	if (qdisc_was_there(details))
		return 0;
	return firn_clsact_remove_unused(rtnl_fd, ifindex, err);
}

const struct firn_method firn_method_clsact = {
	.name = "clsact",
	.plan = plan,
	.make = make,
	.holds = holds,
	.undo = undo,
};

const struct firn_method firn_method_own_clsact = {
	.name = "clsact-cgroup",
	.own = true,
	.plan = plan_own,
	.make = make,
	.holds = holds,
	.undo = undo,
};
