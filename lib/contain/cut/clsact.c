#include "contain/cut/clsact.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#define PRIORITY 1u

union request {
	struct nlmsghdr header;
	unsigned char bytes[512];
};

static uint32_t
parent_of(enum firn_clsact_way way)
{
	return way == FIRN_CLSACT_INGRESS
		       ? TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
		       : TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
}

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

struct qdisc {
	uint32_t ifindex;
	char *kind;
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
		snprintf(qdisc->kind, 16, "%s",
			 firn_rtnl_text(firn_rtnl_attr(answer, sizeof(*tc),
						       TCA_KIND)));
	return 0;
}

int
firn_clsact_kind(int rtnl_fd, uint32_t ifindex, char ret[16],
		 struct firn_err *err)
{
	struct qdisc qdisc = { .ifindex = ifindex, .kind = ret };
	const struct firn_rtnl_reader reader = { .each = see_qdisc,
						 .arg = &qdisc };
	union request request = { 0 };

	ret[0] = '\0';
	begin(&request, RTM_GETQDISC, ifindex);
	return firn_rtnl_dump(rtnl_fd, &request.header, &reader, err);
}

static void
name_qdisc(union request *request, uint16_t type, uint32_t ifindex)
{
	struct tcmsg *tc = begin(request, type, ifindex);

	tc->tcm_parent = TC_H_CLSACT;
	tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(&request->header, TCA_KIND, "clsact");
}

int
firn_clsact_add(int rtnl_fd, uint32_t ifindex, struct firn_err *err)
{
	union request request = { 0 };

	name_qdisc(&request, RTM_NEWQDISC, ifindex);
	if (firn_rtnl_ask(rtnl_fd, &request.header, NLM_F_CREATE | NLM_F_EXCL,
			  err) < 0)
		return firn_err_in(err, "add qdisc clsact");
	return 0;
}

/* DEFAULT_TX_QUEUE_LEN */
#define QUEUE_LEN 1000

bool
firn_clsact_gave_queue(const struct firn_link *link)
{
	return link->tx_queue_len == QUEUE_LEN;
}

int
firn_clsact_take_queue(int rtnl_fd, uint32_t ifindex, struct firn_err *err)
{
	union request request = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(request.bytes);
	struct ifinfomsg *link =
		mnl_nlmsg_put_extra_header(header, sizeof(*link));

	header->nlmsg_type = RTM_NEWLINK;
	link->ifi_family = AF_UNSPEC;
	link->ifi_index = (int)ifindex;
	mnl_attr_put_u32(header, IFLA_TXQLEN, 0);
	if (firn_rtnl_ask(rtnl_fd, header, 0, err) < 0)
		return firn_err_in(err, "restore the length of a queue");
	return 0;
}

static void
name_filter(union request *request, uint16_t type,
	    const struct firn_clsact_filter *filter)
{
	struct tcmsg *tc = begin(request, type, filter->ifindex);

	tc->tcm_parent = parent_of(filter->way);
	tc->tcm_handle = filter->handle;
	tc->tcm_info = TC_H_MAKE(PRIORITY << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(&request->header, TCA_KIND, "bpf");
}

/* The kernel puts it in front of those of the same priority: net/sched,
 * cls_bpf.c, cls_bpf_change(). */
int
firn_clsact_add_filter(int rtnl_fd, const struct firn_clsact_filter *filter,
		       int prog_fd, struct firn_err *err)
{
	union request request = { 0 };
	struct nlattr *options;

	name_filter(&request, RTM_NEWTFILTER, filter);
	options = mnl_attr_nest_start(&request.header, TCA_OPTIONS);
	mnl_attr_put_u32(&request.header, TCA_BPF_FD, (uint32_t)prog_fd);
	mnl_attr_put_strz(&request.header, TCA_BPF_NAME, filter->name);
	mnl_attr_put_u32(&request.header, TCA_BPF_FLAGS,
			 TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(&request.header, options);
	if (firn_rtnl_ask(rtnl_fd, &request.header, NLM_F_CREATE | NLM_F_EXCL,
			  err) < 0)
		return firn_err_in(err, "add filter %s", filter->name);
	return 0;
}

/* There is no filter, or no qdisc to have one, or no interface. */
static bool
is_gone(const struct firn_err *err)
{
	return err->code == ENOENT || err->code == EINVAL ||
	       err->code == ENODEV;
}

int
firn_clsact_remove_filter(int rtnl_fd, const struct firn_clsact_filter *filter,
			  struct firn_err *err)
{
	union request request = { 0 };
	struct firn_err why = { 0 };

	name_filter(&request, RTM_DELTFILTER, filter);
	if (firn_rtnl_ask(rtnl_fd, &request.header, 0, &why) == 0 ||
	    is_gone(&why))
		return 0;
	*err = why;
	return firn_err_in(err, "remove filter");
}

struct filters {
	uint32_t ifindex, parent;
	firn_clsact_fn *each;
	void *arg;
};

/* A classifier without a handle is the head of a list, not a filter. */
static int
see_filter(const struct nlmsghdr *answer, void *arg, struct firn_err *err)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(answer);
	const struct filters *filters = arg;
	const struct nlattr *options;

	(void)err;
	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*tc) ||
	    answer->nlmsg_type != RTM_NEWTFILTER ||
	    (uint32_t)tc->tcm_ifindex != filters->ifindex ||
	    tc->tcm_parent != filters->parent || tc->tcm_handle == 0)
		return 0;
	options = firn_rtnl_attr(answer, sizeof(*tc), TCA_OPTIONS);
	filters->each(tc->tcm_handle, TC_H_MAJ(tc->tcm_info) >> 16,
		      firn_rtnl_text(firn_rtnl_nested(options, TCA_BPF_NAME)),
		      filters->arg);
	return 0;
}

int
firn_clsact_filters(int rtnl_fd, uint32_t ifindex, enum firn_clsact_way way,
		    firn_clsact_fn *each, void *arg, struct firn_err *err)
{
	struct filters filters = { .ifindex = ifindex,
				   .parent = parent_of(way),
				   .each = each,
				   .arg = arg };
	const struct firn_rtnl_reader reader = { .each = see_filter,
						 .arg = &filters };
	union request request = { 0 };

	begin(&request, RTM_GETTFILTER, ifindex)->tcm_parent = filters.parent;
	return firn_rtnl_dump(rtnl_fd, &request.header, &reader, err);
}

static void
count(uint32_t handle, uint32_t priority, const char *name, void *arg)
{
	size_t *n = arg;

	(void)handle;
	(void)priority;
	(void)name;
	(*n)++;
}

int
firn_clsact_remove_unused(int rtnl_fd, uint32_t ifindex, struct firn_err *err)
{
	union request request = { 0 };
	char kind[16];
	size_t n = 0;

	if (firn_clsact_kind(rtnl_fd, ifindex, kind, err) < 0)
		return -1;
	if (strcmp(kind, "clsact") != 0)
		return 0;
	if (firn_clsact_filters(rtnl_fd, ifindex, FIRN_CLSACT_INGRESS, count,
				&n, err) < 0 ||
	    firn_clsact_filters(rtnl_fd, ifindex, FIRN_CLSACT_EGRESS, count, &n,
				err) < 0)
		return -1;
	if (n > 0)
		return 0;
	name_qdisc(&request, RTM_DELQDISC, ifindex);
	if (firn_rtnl_ask(rtnl_fd, &request.header, 0, err) < 0)
		return firn_err_in(err, "remove qdisc clsact");
	return 0;
}
