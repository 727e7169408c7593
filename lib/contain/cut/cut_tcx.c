#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_link.h"

/* The pins, in the order in which they go. */
enum {
	OUT,
	IN,
	COUNTERS
};

/* At the host's end, what the container sends comes in. */
#define ATTACH_OUT FIRN_BPF_TCX_INGRESS
#define ATTACH_IN FIRN_BPF_TCX_EGRESS

static int
plan(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	char out[32], in[32], counters[32];

	if (firn_place_describe(place, err) < 0)
		return -1;
	snprintf(out, sizeof(out), "tcx-%u-out", place->link->ifindex);
	snprintf(in, sizeof(in), "tcx-%u-in", place->link->ifindex);
	snprintf(counters, sizeof(counters), "link-%u-counters",
		 place->link->ifindex);
	if (firn_cut_add_pins(cut, place, err, out, in, counters, NULL) < 0)
		return -1;
	firn_json_text(place->details, "counters",
		       firn_cut_pin(place, COUNTERS));
	json_object_set(place->details, "allow", cut->allow);
	return 0;
}

/* Both programs are there before the first one is attached, because each
 * attachment waits for a grace period of the kernel's RCU, some 10 ms. */
static int
make(struct firn_cut *cut, const struct firn_place *place, struct firn_err *err)
{
	autoclose int map_fd = -1, out_fd = -1, in_fd = -1;
	uint32_t ifindex = place->link->ifindex;

	map_fd = firn_cut_counters(firn_cut_pin(place, COUNTERS), err);
	if (map_fd < 0)
		return -1;
	out_fd = firn_cut_load(cut, FIRN_HOOK_LINK_OUT, map_fd, err);
	if (out_fd < 0)
		return -1;
	in_fd = firn_cut_load(cut, FIRN_HOOK_LINK_IN, map_fd, err);
	if (in_fd < 0)
		return -1;
	if (firn_cut_attach(firn_cut_pin(place, OUT), out_fd, ifindex, ifindex,
			    ATTACH_OUT, err) < 0)
		return -1;
	return firn_cut_attach(firn_cut_pin(place, IN), in_fd, ifindex, ifindex,
			       ATTACH_IN, err);
}

/* First among its equals, because one that runs before it may let a packet
 * pass. */
static int
holds_there(const char *pin, uint32_t ifindex, uint32_t attach,
	    struct firn_err *err)
{
	uint32_t program;

	if (firn_cut_pinned(pin, ifindex, attach, &program, err) < 0)
		return -1;
	return firn_cut_is_attached(program, ifindex, attach, true, err);
}

static int
holds(const json_t *details, struct firn_err *err)
{
	const struct firn_place place = {
		.details = (json_t *)(uintptr_t)details
	};
	uint32_t ifindex = firn_place_ifindex(details);

	if (firn_place_is_here(details, err) < 0 ||
	    holds_there(firn_cut_pin(&place, OUT), ifindex, ATTACH_OUT, err) <
		    0)
		return -1;
	return holds_there(firn_cut_pin(&place, IN), ifindex, ATTACH_IN, err);
}

const struct firn_method firn_method_tcx = {
	.name = "tcx",
	.plan = plan,
	.make = make,
	.holds = holds,
};
