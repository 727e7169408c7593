#ifndef CONTAIN_CUT_CLSACT_H
#define CONTAIN_CUT_CLSACT_H

/*
 * clsact -- the qdisc whose filters see every frame of an interface, and BPF
 * programs as its filters.
 *
 * It changes nothing of how frames are queued, but for the length of a queue
 * that isn't there.  A filter has the first
 * priority, and stays without a link and without a pin.
 *
 * Source: tc-bpf(8); linux/pkt_sched.h, linux/pkt_cls.h, linux/rtnetlink.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"
#include "host/rtnl.h"

/* Which of the interface's two ways a filter sees. */
enum firn_clsact_way {
	FIRN_CLSACT_INGRESS,
	FIRN_CLSACT_EGRESS
};

/* firn_clsact_kind(rtnl_fd, ifindex, ret, err) -- of the qdisc in the place
 * that clsact takes; "" for none. */
FIRN_MUST_CHECK int firn_clsact_kind(int rtnl_fd, uint32_t ifindex,
				     char ret[16], struct firn_err *err);

/* firn_clsact_add(rtnl_fd, ifindex, err) -- EEXIST if there is one. */
FIRN_MUST_CHECK int firn_clsact_add(int rtnl_fd, uint32_t ifindex,
				    struct firn_err *err);

/*
 * firn_clsact_gave_queue(link) -- has its qdisc given this interface, which had
 * no queue, the length of one?
 * firn_clsact_take_queue(rtnl_fd, ifindex, err) -- take that away again.
 *
 * Source: kernel net/sched/sch_api.c, qdisc_create().
 */
bool firn_clsact_gave_queue(const struct firn_link *link);
FIRN_MUST_CHECK int firn_clsact_take_queue(int rtnl_fd, uint32_t ifindex,
					   struct firn_err *err);

/* firn_clsact_remove_unused(rtnl_fd, ifindex, err) -- unless it has filters;
 * that there is none is no error. */
FIRN_MUST_CHECK int firn_clsact_remove_unused(int rtnl_fd, uint32_t ifindex,
					      struct firn_err *err);

/* One filter of ours. */
struct firn_clsact_filter {
	uint32_t ifindex;
	enum firn_clsact_way way;
	uint32_t handle;
	const char *name; /* only to add it */
};

/* firn_clsact_add_filter(rtnl_fd, filter, prog_fd, err) -- before those that
 * are there. */
FIRN_MUST_CHECK int firn_clsact_add_filter(
	int rtnl_fd, const struct firn_clsact_filter *filter, int prog_fd,
	struct firn_err *err);

/* firn_clsact_remove_filter(rtnl_fd, filter, err) -- that it is gone, with its
 * qdisc or interface perhaps, is no error. */
FIRN_MUST_CHECK int firn_clsact_remove_filter(
	int rtnl_fd, const struct firn_clsact_filter *filter,
	struct firn_err *err);

/* firn_clsact_filters(rtnl_fd, ifindex, way, each, arg, err) -- in the order
 * in which they run; the name of one that is no BPF program is "". */
typedef void firn_clsact_fn(uint32_t handle, uint32_t priority,
			    const char *name, void *arg);
FIRN_MUST_CHECK int firn_clsact_filters(int rtnl_fd, uint32_t ifindex,
					enum firn_clsact_way way,
					firn_clsact_fn *each, void *arg,
					struct firn_err *err);

#endif
