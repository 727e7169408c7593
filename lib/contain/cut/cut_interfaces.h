#ifndef CONTAIN_CUT_CUT_INTERFACES_H
#define CONTAIN_CUT_CUT_INTERFACES_H

/*
 * cut_interfaces -- the interfaces of one network namespace that the
 * container's processes live in.
 */

#include <stdbool.h>

#include "contain/cut/cut.h"
#include "contain/cut/interfaces.h"
#include "contain/cut/powers.h"
#include "contain/cut/spaces.h"

struct firn_room {
	struct firn_cut *cut;
	const struct firn_method *const *methods;
	const struct firn_powers *powers;
	const struct firn_space *space;
	const char *whose; /* "its ", for texts */
	int netns_fd;      /* -1 for ours */
};

/* firn_cut_shared(room, interfaces, err) -- where other containers live too:
 * only what sockets of its cgroup send. */
FIRN_MUST_CHECK int firn_cut_shared(const struct firn_room *room,
				    const struct firn_interfaces *interfaces,
				    struct firn_err *err);

/* firn_cut_hosts(room, err) -- the same on the host's own interfaces. */
FIRN_MUST_CHECK int firn_cut_hosts(const struct firn_room *room,
				   struct firn_err *err);

/* firn_cut_own(room, link, sides, err) -- the same on one interface of ours, as
 * firn_cut_with(). */
FIRN_MUST_CHECK int firn_cut_own(const struct firn_room *room,
				 const struct firn_link *link,
				 const char *sides, struct firn_err *err);

#define FIRN_COVERS 160

/* firn_end_place(cut, end, covers, details) -- its end on the host; `covers`
 * and `details` are filled in and borrowed. */
struct firn_place firn_end_place(const struct firn_cut *cut,
				 const struct firn_end *end,
				 char covers[FIRN_COVERS], json_t *details);

/* firn_end_name(room, end, ret, size) -- "its interface 2 (veth)". */
void firn_end_name(const struct firn_room *room, const struct firn_end *end,
		   char *ret, size_t size);

/* firn_leave_open(cut, where, why) -- what only the cgroup's programs see. */
void firn_leave_open(struct firn_cut *cut, const char *where, const char *why);

#endif
