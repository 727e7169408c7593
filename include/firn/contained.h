#ifndef FIRN_CONTAINED_H
#define FIRN_CONTAINED_H

/*
 * contained -- what firn has done to a container, since when, by whom, and
 * whether it holds.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"

/*
 * firn_contained(host, id, ret, err) -- by the ledger of a target, and by a
 * look at what stands in it.
 *
 * Writes nothing, makes no ledger and waits for none.  Not while the same
 * process has that ledger open: see firn_ledger_look().
 *
 * Returns 1 and `*ret`, a new object with those of these that are there, or 0
 * where nothing is open:
 *   "frozen"    {"since", "by", "case", "state", "why"}, by the first of the
 *               open changes; "why" where there is more to say than "state"
 *   "isolated"  the same
 *   "peeked"    the same, always "recorded": options of its sockets may not be
 *               as they were (contain/peek/peeking.h); thaw and release see to
 *               that
 *   "keeper"    {"thaw": {"pid", "deadline", "state"}, "watch": {"pid",
 *               "state"}}
 *
 * "state" of the first two is
 *   "in force"          the kernel says so, of all of it
 *   "partly in force"   of some of it
 *   "not in force"      its place is there, but it was undone by another
 *   "restarted"         the container was restarted: what holds now was not
 *                       done by firn
 *   "gone"              its place is gone, and the container with it
 *   "before the reboot" it was done in an earlier boot
 *   "recorded"          it is written down, and can't be looked at
 * and of a keeper "running", "late" (its deadline has passed), "not running",
 * or "not kept" (its deadline has passed, and it isn't there).
 */
FIRN_MUST_CHECK int firn_contained(const struct firn_host *host, const char *id,
				   json_t **ret, struct firn_err *err);

#endif
