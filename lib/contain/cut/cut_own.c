/*
 * At an interface that others use too: drop what sockets of the container's
 * cgroup send, and nothing else.
 *
 * A packet keeps its socket from the container's own interface up to the host's
 * end of it, and down to a card of the host.
 *
 * Source: bpf-helpers(7), bpf_skb_under_cgroup.
 */

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_link.h"

/* The pins, in the order in which they go. */
enum {
	EGRESS,
	INGRESS,
	COUNTERS
};

static const struct {
	const char *name;
	uint32_t attach;
} sides[] = {
	[EGRESS] = { "egress", FIRN_BPF_TCX_EGRESS },
	[INGRESS] = { "ingress", FIRN_BPF_TCX_INGRESS },
};

static bool
is_wanted(const json_t *details, size_t side)
{
	const char *wanted = firn_json_string(details, "sides", NULL);

	return wanted != NULL && (strcmp(wanted, "both") == 0 ||
				  strcmp(wanted, sides[side].name) == 0);
}

static int
plan(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	uint32_t ifindex = place->link->ifindex;
	char egress[48], ingress[48], counters[48];

	if (firn_place_describe(place, err) < 0)
		return -1;
	snprintf(egress, sizeof(egress), "own-%u-egress", ifindex);
	snprintf(ingress, sizeof(ingress), "own-%u-ingress", ifindex);
	snprintf(counters, sizeof(counters), "own-%u-%s-counters", ifindex,
		 place->sides);
	if (firn_cut_add_pins(cut, place, err, egress, ingress, counters,
			      NULL) < 0)
		return -1;
	firn_json_text(place->details, "sides", place->sides);
	firn_json_text(place->details, "cgroup", place->cgroup->folder);
	firn_json_uint(place->details, "inode", place->cgroup->inode);
	firn_json_text(place->details, "counters",
		       firn_cut_pin(place, COUNTERS));
	json_object_set(place->details, "allow", cut->allow);
	return firn_cut_log(cut, place, err);
}

static int
make(struct firn_cut *cut, const struct firn_place *place, struct firn_err *err)
{
	autoclose int map_fd = -1, prog_fd = -1;
	uint32_t ifindex = place->link->ifindex;

	map_fd = firn_cut_counters(firn_cut_pin(place, COUNTERS), err);
	if (map_fd < 0)
		return -1;
	prog_fd = firn_cut_load_at(cut, place, FIRN_HOOK_OWN_OUT, map_fd, err);
	if (prog_fd < 0)
		return -1;
	for (size_t side = EGRESS; side <= INGRESS; side++)
		if (is_wanted(place->details, side) &&
		    firn_cut_attach(firn_cut_pin(place, side), prog_fd, ifindex,
				    ifindex, sides[side].attach, err) < 0)
			return -1;
	return 0;
}

static int
holds(const json_t *details, struct firn_err *err)
{
	const struct firn_place place = {
		.details = (json_t *)(uintptr_t)details
	};
	uint32_t ifindex = firn_place_ifindex(details), program;

	if (firn_place_is_here(details, err) < 0)
		return -1;
	for (size_t side = EGRESS; side <= INGRESS; side++) {
		uint32_t attach = sides[side].attach;

		if (is_wanted(details, side) &&
		    (firn_cut_pinned(firn_cut_pin(&place, side), ifindex,
				     attach, &program, err) < 0 ||
		     firn_cut_is_attached(program, ifindex, attach, true, err) <
			     0))
			return -1;
	}
	return 0;
}

const struct firn_method firn_method_own = {
	.name = "tcx-cgroup",
	.own = true,
	.plan = plan,
	.make = make,
	.holds = holds,
};
