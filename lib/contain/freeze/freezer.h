#ifndef CONTAIN_FREEZE_FREEZER_H
#define CONTAIN_FREEZE_FREEZER_H

/*
 * freezer -- the two freezers of the kernel, on one cgroup each.
 *
 * Nothing but these files is ever written, and only through the descriptor of
 * the target's own cgroup: cgroup.freeze on v2, freezer.state on v1.
 *
 * A cgroup that was removed is ESRCH everywhere here.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst, "cgroup.freeze";
 * cgroup-v1/freezer-subsystem.rst; kernel/cgroup/freezer.c, legacy_freezer.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/freeze.h"
#include "firn/ledger.h"
#include "firn/target.h"

enum firn_hierarchy {
	FIRN_V2,
	FIRN_V1,
	FIRN_N_HIERARCHIES
};
extern const char *const firn_hierarchy_names[FIRN_N_HIERARCHIES];

/* What one cgroup says of itself. */
struct firn_freezer_state {
	bool own;       /* it was asked to freeze itself */
	bool frozen;    /* all its tasks are */
	bool ancestors; /* a cgroup above it is (v1: is being) frozen */
};

/* firn_freezer_cgroup(target, hierarchy) -- the target's; NULL if it has none
 * there. */
const struct firn_cgroup *firn_freezer_cgroup(const struct firn_target *target,
					      enum firn_hierarchy hierarchy);

/* firn_freezer_read(cgroup, hierarchy, ret, err) -- what it says now. */
FIRN_MUST_CHECK int firn_freezer_read(const struct firn_cgroup *cgroup,
				      enum firn_hierarchy hierarchy,
				      struct firn_freezer_state *ret,
				      struct firn_err *err);

/* firn_freezer_write(cgroup, hierarchy, freeze, err) -- ask it to freeze, or
 * to thaw; does not wait. */
FIRN_MUST_CHECK int firn_freezer_write(const struct firn_cgroup *cgroup,
				       enum firn_hierarchy hierarchy,
				       bool freeze, struct firn_err *err);

/* firn_v2_wait(cgroup, frozen, deadline_ns, err) -- until cgroup.events says
 * so: 1; 0 when the deadline (firn_monotonic_ns()) is past; -1. */
FIRN_MUST_CHECK int firn_v2_wait(const struct firn_cgroup *cgroup, bool frozen,
				 uint64_t deadline_ns, struct firn_err *err);

/* firn_v1_insist(cgroup, deadline_ns, err) -- write FROZEN until it is: 1, 0
 * or -1 as above. */
FIRN_MUST_CHECK int firn_v1_insist(const struct firn_cgroup *cgroup,
				   uint64_t deadline_ns, struct firn_err *err);

/*
 * firn_freezer_refuse(target, err) -- is this what was resolved, and may it be
 * frozen?
 *
 * EPERM for the root, for a cgroup that holds firn or pid 1, here or in one
 * below it, and for what is no cgroup; ESTALE for a descriptor of another one;
 * ENOTSUP without any.  The second guard; the target's own is the first.
 */
FIRN_MUST_CHECK int firn_freezer_refuse(const struct firn_target *target,
					struct firn_err *err);

/* firn_freezer_lost(err) -- does this error say that the cgroup is no more? */
bool firn_freezer_lost(const struct firn_err *err);

#endif
