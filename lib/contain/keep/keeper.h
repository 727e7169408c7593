#ifndef CONTAIN_KEEP_KEEPER_H
#define CONTAIN_KEEP_KEEPER_H

/*
 * keeper -- a small process of firn's that stays when firn ends, and acts when
 * nobody else does.
 *
 * It is a fork of firn, called "firn-keeper", in a session and in cgroups of
 * firn's own (keeper_place.h), so that neither the end of a session nor that of
 * a unit takes it along.  It has one purpose: "thaw" a container at a deadline,
 * or "watch" an isolated one for its restart.  In the ledger it is a change
 * "keep", with "purpose", "pid", "start_ticks" and "places", open for as long
 * as it is to be there.  It holds the ledger only for the moments in which it
 * acts, and joins it then.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/ledger.h"

#define FIRN_KEEPER_COMM "firn-keeper"

/* What the keeper itself knows. */
struct firn_keeper {
	const struct firn_host *host;
	char *id; /* of the target, for its ledger */
	char *operator_name;
	struct firn_authority authority;
	uint64_t change; /* its own in the ledger */
	json_t *places;
};

struct firn_keeping {
	const char *purpose;
	const struct firn_host *host;
	json_t *details; /* of the purpose; the rest is added */
	const int *fds;  /* that stay open in the keeper */
	size_t n_fds;
	void (*keep)(struct firn_keeper *keeper, void *arg);
	void *arg;
};

/*
 * firn_keeper_start(ledger, keeping, ret_change, err) -- fork one.
 *
 * When it returns the keeper is in the ledger, in its cgroups, and runs
 * `keep`.  Should firn die before that, the keeper does nothing and ends.
 */
FIRN_MUST_CHECK int firn_keeper_start(struct firn_ledger *ledger,
				      const struct firn_keeping *keeping,
				      uint64_t *ret_change,
				      struct firn_err *err);

/* firn_keeper_open(keeper, ret, err) -- in the keeper: join the ledger. */
FIRN_MUST_CHECK int firn_keeper_open(const struct firn_keeper *keeper,
				     struct firn_ledger **ret,
				     struct firn_err *err);

/* firn_keeper_is_alive(details) -- of a change "keep". */
bool firn_keeper_is_alive(const json_t *details);

/*
 * firn_keeper_end(ledger, purpose, except, why, err) -- end those that are in
 * the ledger for a purpose, but the one of change `except` and the caller
 * itself; `why` is noted.
 *
 * A pid alone may be another process by now: only one with the recorded start
 * time and the name is ended.  Where it acts just now it is ended in the middle
 * of that, and what it began stands in the ledger.
 */
FIRN_MUST_CHECK int firn_keeper_end(struct firn_ledger *ledger,
				    const char *purpose, uint64_t except,
				    const char *why, struct firn_err *err);

/* firn_keeper_dismiss(ledger, change, why, err) -- end that one. */
FIRN_MUST_CHECK int firn_keeper_dismiss(struct firn_ledger *ledger,
					uint64_t change, const char *why,
					struct firn_err *err);

#endif
