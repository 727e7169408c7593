#ifndef CONTAIN_KEEP_KEEPER_WATCH_H
#define CONTAIN_KEEP_KEEPER_WATCH_H

/*
 * keeper_watch -- an isolated container that is restarted is cut again.
 *
 * A restart makes a new cgroup and a new network namespace: no cut holds there.
 * The same name of a cgroup appearing again is the restart (inotify(7) on the
 * folder that it stands in: cgroupfs tells of folders that are made from user
 * space).
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/isolate.h"
#include "firn/ledger.h"
#include "firn/target.h"

/*
 * firn_keep_isolation(target, ledger, ret, err) -- a keeper that watches for a
 * restart of the container; where one does already, that one.
 *
 * Ended by firn_release().  `*ret` is a new object for the result: "pid".
 */
FIRN_MUST_CHECK int firn_keep_isolation(const struct firn_target *target,
					struct firn_ledger *ledger,
					json_t **ret, struct firn_err *err);

#endif
