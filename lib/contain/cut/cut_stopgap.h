#ifndef CONTAIN_CUT_CUT_STOPGAP_H
#define CONTAIN_CUT_CUT_STOPGAP_H

/*
 * cut_stopgap -- cut an interface at once, and put what lasts behind it.
 *
 * Links of tcx are better: nobody else's program runs before them, and they
 * stay where they are.  But each waits for a grace period of the kernel's RCU,
 * some 10 ms, while nobody else can change an interface.  Filters of a clsact
 * qdisc stand within 1 ms: they come first, and go when tcx stands.  Each is a
 * change of its own in the ledger, with "until" among its details.
 *
 * Source: kernel kernel/bpf/tcx.c, tcx_link_prog_attach() and
 * include/net/tcx.h, tcx_entry_sync().
 */

#include "contain/cut/cut.h"

/*
 * firn_cut_at_once(cut, methods, place, ret, err) -- a stop-gap there, if these
 * methods have one and nothing that lasts is there.
 *
 * `*ret` says whether it cuts all that it is to; it stands in `methods`.  Where
 * it can't be had nothing is said of it.
 */
FIRN_MUST_CHECK int firn_cut_at_once(struct firn_cut *cut,
				     const struct firn_method *const *methods,
				     const struct firn_place *place, bool *ret,
				     struct firn_err *err);

/*
 * firn_cut_before_scan(cut, methods, err) -- stop-gaps at the interfaces of its
 * first process, if nobody but its cgroup lives there.
 *
 * To find all of its processes, and the namespaces that they live in, takes
 * 10 ms and more.  Nothing is said in the result: firn_cut_interfaces() comes
 * after.
 */
FIRN_MUST_CHECK int firn_cut_before_scan(
	struct firn_cut *cut, const struct firn_method *const *methods,
	struct firn_err *err);

/* firn_cut_is_shared(cut, link, err) -- somebody else is there after all: take
 * that stop-gap away again. */
FIRN_MUST_CHECK int firn_cut_is_shared(struct firn_cut *cut,
				       const struct firn_link *link,
				       struct firn_err *err);

/*
 * firn_cut_for_good(cut, err) -- what lasts behind every stop-gap of the
 * ledger, which then goes.
 *
 * `methods` has what is in force there now, instead of the stop-gaps: one stays
 * where tcx can't be had.
 */
FIRN_MUST_CHECK int firn_cut_for_good(struct firn_cut *cut,
				      struct firn_err *err);

#endif
