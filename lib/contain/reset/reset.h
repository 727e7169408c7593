#ifndef CONTAIN_RESET_RESET_H
#define CONTAIN_RESET_RESET_H

/*
 * reset -- one reset under way, and what an interrupted one has left behind.
 */

#include <stdbool.h>

#include <jansson.h>

#include "contain/reset/doomed.h"
#include "firn/err.h"
#include "firn/ledger.h"
#include "firn/target.h"

struct firn_resetting {
	struct firn_target *target;
	struct firn_ledger *ledger;
	json_t *result, *open; /* the second is in the first */
	struct firn_doomed_list sockets;
	bool own_netns; /* nobody shares its network namespace */
};

/* firn_reset_flows(reset, err) -- take away what the kernel tracks for it, into
 * `result`. */
FIRN_MUST_CHECK int firn_reset_flows(struct firn_resetting *reset,
				     struct firn_err *err);

/* firn_reset_settle(ledger, err) -- end what firn had begun when it died: it
 * can't be undone, what was not done is not done later, and the purses of
 * cut_reset.h are emptied. */
FIRN_MUST_CHECK int firn_reset_settle(struct firn_ledger *ledger,
				      struct firn_err *err);

#endif
