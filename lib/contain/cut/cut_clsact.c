/*
 * Before Linux 6.6: the same programs as filters of a clsact qdisc, which stay
 * without a link and without a pin.
 *
 * Source: tc-bpf(8); linux/pkt_sched.h, linux/pkt_cls.h.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_link.h"

/* Our filters: of the first priority, under a handle of ours. */
enum {
	PRIORITY = 1,
	HANDLE = 0xf14f
};

/* At the host's end, what the container sends comes in. */
#define PARENT_OUT TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define PARENT_IN TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)

#define NAME_OUT "firn_link_out"
#define NAME_IN "firn_link_in"

union request {
	struct nlmsghdr header;
	unsigned char bytes[512];
};

static struct tcmsg *
begin(union request *request, uint16_t type, uint32_t ifindex)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(request->bytes);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(header, sizeof(*tc));

	header->nlmsg_type = type;
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = (int)ifindex;
	return tc;
}

/* The kind of the qdisc at the place that clsact would take; "" for none. */
struct qdisc {
	uint32_t ifindex;
	char kind[16];
};

static int
see_qdisc(const struct nlmsghdr *answer, void *arg, struct firn_err *err)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(answer);
	struct qdisc *qdisc = arg;

	(void)err;
	if (mnl_nlmsg_get_payload_len(answer) >= sizeof(*tc) &&
	    (uint32_t)tc->tcm_ifindex == qdisc->ifindex &&
	    tc->tcm_parent == TC_H_CLSACT)
		snprintf(qdisc->kind, sizeof(qdisc->kind), "%s",
			 firn_rtnl_text(firn_rtnl_attr(answer, sizeof(*tc),
						       TCA_KIND)));
	return 0;
}

static int
find_qdisc(int rtnl_fd, struct qdisc *qdisc, struct firn_err *err)
{
	const struct firn_rtnl_reader reader = { .each = see_qdisc,
						 .arg = qdisc };
	union request request = { 0 };

	begin(&request, RTM_GETQDISC, qdisc->ifindex);
	return firn_rtnl_dump(rtnl_fd, &request.header, &reader, err);
}

static int
add_qdisc(int rtnl_fd, uint32_t ifindex, struct firn_err *err)
{
	union request request = { 0 };
	struct tcmsg *tc = begin(&request, RTM_NEWQDISC, ifindex);

	tc->tcm_parent = TC_H_CLSACT;
	tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(&request.header, TCA_KIND, "clsact");
	if (firn_rtnl_ask(rtnl_fd, &request.header, NLM_F_CREATE | NLM_F_EXCL,
			  err) < 0)
		return firn_err_in(err, "add qdisc clsact");
	return 0;
}

static int
remove_qdisc(int rtnl_fd, uint32_t ifindex, struct firn_err *err)
{
	union request request = { 0 };
	struct tcmsg *tc = begin(&request, RTM_DELQDISC, ifindex);

	tc->tcm_parent = TC_H_CLSACT;
	tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(&request.header, TCA_KIND, "clsact");
	if (firn_rtnl_ask(rtnl_fd, &request.header, 0, err) < 0)
		return firn_err_in(err, "remove qdisc clsact");
	return 0;
}

static void
name_filter(union request *request, uint16_t type, uint32_t ifindex,
	    uint32_t parent)
{
	struct tcmsg *tc = begin(request, type, ifindex);

	tc->tcm_parent = parent;
	tc->tcm_handle = HANDLE;
	tc->tcm_info = TC_H_MAKE(PRIORITY << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(&request->header, TCA_KIND, "bpf");
}

static int
add_filter(int rtnl_fd, uint32_t ifindex, uint32_t parent, int prog_fd,
	   const char *name, struct firn_err *err)
{
	union request request = { 0 };
	struct nlattr *options;

	name_filter(&request, RTM_NEWTFILTER, ifindex, parent);
	options = mnl_attr_nest_start(&request.header, TCA_OPTIONS);
	mnl_attr_put_u32(&request.header, TCA_BPF_FD, (uint32_t)prog_fd);
	mnl_attr_put_strz(&request.header, TCA_BPF_NAME, name);
	mnl_attr_put_u32(&request.header, TCA_BPF_FLAGS,
			 TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(&request.header, options);
	if (firn_rtnl_ask(rtnl_fd, &request.header, NLM_F_CREATE | NLM_F_EXCL,
			  err) < 0)
		return firn_err_in(err, "add filter %s", name);
	return 0;
}

static int
remove_filter(int rtnl_fd, uint32_t ifindex, uint32_t parent,
	      struct firn_err *err)
{
	union request request = { 0 };

	name_filter(&request, RTM_DELTFILTER, ifindex, parent);
	if (firn_rtnl_ask(rtnl_fd, &request.header, 0, err) < 0)
		return firn_err_in(err, "remove filter");
	return 0;
}

struct filters {
	uint32_t ifindex, parent;
	const char *name;
	size_t n;
	bool ours_first, any_ours;
};

static bool
is_ours(const struct nlmsghdr *answer, const char *name)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(answer);
	const struct nlattr *options =
		firn_rtnl_attr(answer, sizeof(*tc), TCA_OPTIONS);

	return tc->tcm_handle == HANDLE &&
	       TC_H_MAJ(tc->tcm_info) == PRIORITY << 16 &&
	       strcmp(firn_rtnl_text(firn_rtnl_nested(options, TCA_BPF_NAME)),
		      name) == 0;
}

/* A classifier without a handle is the head of a list, not a filter. */
static int
see_filter(const struct nlmsghdr *answer, void *arg, struct firn_err *err)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(answer);
	struct filters *filters = arg;

	(void)err;
	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*tc) ||
	    answer->nlmsg_type != RTM_NEWTFILTER ||
	    (uint32_t)tc->tcm_ifindex != filters->ifindex ||
	    tc->tcm_parent != filters->parent || tc->tcm_handle == 0)
		return 0;
	if (is_ours(answer, filters->name)) {
		filters->any_ours = true;
		filters->ours_first = filters->n == 0;
	}
	filters->n++;
	return 0;
}

static int
list_filters(int rtnl_fd, struct filters *filters, struct firn_err *err)
{
	const struct firn_rtnl_reader reader = { .each = see_filter,
						 .arg = filters };
	union request request = { 0 };

	begin(&request, RTM_GETTFILTER, filters->ifindex)->tcm_parent =
		filters->parent;
	return firn_rtnl_dump(rtnl_fd, &request.header, &reader, err);
}

static int
plan(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	struct qdisc qdisc = { .ifindex = place->link->ifindex };
	char counters[32];

	if (firn_place_describe(place, err) < 0 ||
	    find_qdisc(cut->rtnl_fd, &qdisc, err) < 0)
		return -1;
	if (qdisc.kind[0] != '\0' && strcmp(qdisc.kind, "clsact") != 0)
		return firn_err_set(err, EBUSY,
				    "there is a qdisc %s in its place",
				    qdisc.kind);
	snprintf(counters, sizeof(counters), "clsact-%u-counters",
		 place->link->ifindex);
	if (firn_cut_add_pins(cut, place, err, counters, NULL) < 0)
		return -1;
	firn_json_text(place->details, "counters", firn_cut_pin(place, 0));
	json_object_set_new(place->details, "qdisc_was_there",
			    json_boolean(qdisc.kind[0] != '\0'));
	json_object_set(place->details, "allow", cut->allow);
	return 0;
}

static int
make(struct firn_cut *cut, const struct firn_place *place, struct firn_err *err)
{
	autoclose int map_fd = -1, out_fd = -1, in_fd = -1;
	uint32_t ifindex = place->link->ifindex;

	map_fd = firn_cut_counters(firn_cut_pin(place, 0), err);
	if (map_fd < 0)
		return -1;
	out_fd = firn_cut_load(cut, FIRN_HOOK_LINK_OUT, map_fd, err);
	if (out_fd < 0)
		return -1;
	in_fd = firn_cut_load(cut, FIRN_HOOK_LINK_IN, map_fd, err);
	if (in_fd < 0)
		return -1;
	if (!json_is_true(json_object_get(place->details, "qdisc_was_there")) &&
	    add_qdisc(cut->rtnl_fd, ifindex, err) < 0)
		return -1;
	if (add_filter(cut->rtnl_fd, ifindex, PARENT_OUT, out_fd, NAME_OUT,
		       err) < 0)
		return -1;
	return add_filter(cut->rtnl_fd, ifindex, PARENT_IN, in_fd, NAME_IN,
			  err);
}

static int
holds(const json_t *details, struct firn_err *err)
{
	struct filters out = { .ifindex = firn_place_ifindex(details),
			       .parent = PARENT_OUT,
			       .name = NAME_OUT },
		       in = { .ifindex = out.ifindex,
			      .parent = PARENT_IN,
			      .name = NAME_IN };
	autoclose int rtnl_fd = -1;

	if (firn_place_is_here(details, err) < 0)
		return -1;
	rtnl_fd = firn_rtnl_open(err);
	if (rtnl_fd < 0 || list_filters(rtnl_fd, &out, err) < 0 ||
	    list_filters(rtnl_fd, &in, err) < 0)
		return -1;
	if (!out.any_ours || !in.any_ours)
		return firn_err_set(err, ENOENT, "the filters are not there");
	if (!out.ours_first || !in.ours_first)
		return firn_err_set(err, EBUSY,
				    "another filter runs before ours");
	return 0;
}

/* There is no filter, or no qdisc to have one, or no interface. */
static bool
is_gone(const struct firn_err *err)
{
	return err->code == ENOENT || err->code == EINVAL ||
	       err->code == ENODEV;
}

/* The qdisc that we added goes, unless somebody else uses it by now. */
static int
undo_qdisc(int rtnl_fd, uint32_t ifindex, struct firn_err *err)
{
	struct filters out = { .ifindex = ifindex,
			       .parent = PARENT_OUT,
			       .name = NAME_OUT },
		       in = { .ifindex = ifindex,
			      .parent = PARENT_IN,
			      .name = NAME_IN };
	struct qdisc qdisc = { .ifindex = ifindex };

	if (find_qdisc(rtnl_fd, &qdisc, err) < 0)
		return -1;
	if (strcmp(qdisc.kind, "clsact") != 0)
		return 0;
	if (list_filters(rtnl_fd, &out, err) < 0 ||
	    list_filters(rtnl_fd, &in, err) < 0)
		return -1;
	if (out.n > 0 || in.n > 0)
		return 0;
	return remove_qdisc(rtnl_fd, ifindex, err);
}

static int
undo(const json_t *details, struct firn_err *err)
{
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
	if (remove_filter(rtnl_fd, ifindex, PARENT_OUT, err) < 0 &&
	    !is_gone(err))
		return -1;
	if (remove_filter(rtnl_fd, ifindex, PARENT_IN, err) < 0 &&
	    !is_gone(err))
		return -1;
	*err = (struct firn_err){ 0 };
	if (json_is_true(json_object_get(details, "qdisc_was_there")))
		return 0;
	return undo_qdisc(rtnl_fd, ifindex, err);
}

const struct firn_method firn_method_clsact = {
	.name = "clsact",
	.plan = plan,
	.make = make,
	.holds = holds,
	.undo = undo,
};
