#ifndef CONTAIN_KEEP_RECUT_H
#define CONTAIN_KEEP_RECUT_H

/*
 * recut -- what a keeper does when an isolated container was restarted.
 */

#include <stdbool.h>
#include <stdint.h>

#include "contain/keep/keeper.h"
#include "firn/isolate.h"

/* Texts are borrowed. */
struct firn_recut {
	const char *path;   /* of the watched cgroup, in its hierarchy */
	const char *folder; /* the same on the host */
	uint64_t inode;     /* of the one that was cut last */
	bool is_v2;
	struct firn_isolation how; /* of the cut, as last read */
	struct firn_allow rules[FIRN_ALLOW_MAX];
};

/*
 * firn_recut(keeper, recut, inode) -- a cgroup of that name is there again.
 *
 * The programs on the cgroup come at once, before a runtime has its process
 * started in it; then, once the container's own program runs, and for some
 * seconds in which interfaces appear, the whole isolation, by the options that
 * stand in the ledger.  If firn had frozen the container it is frozen again.
 * The changes of before are closed: their place is gone.  What came of it is
 * noted with the keeper's change; `recut->inode` is `inode` then.
 */
void firn_recut(const struct firn_keeper *keeper, struct firn_recut *recut,
		uint64_t inode);

#endif
