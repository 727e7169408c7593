#ifndef HOST_BECOME_H
#define HOST_BECOME_H

/*
 * become -- a process without privileges, for good.
 */

#include <sys/types.h>

#include "firn/err.h"

/*
 * firn_become(uid, gid, err) -- that user (firn_account_named()): no other
 * groups, no capabilities, and no program that could give them back
 * (no_new_privs); not to be read or traced by that user's other processes until
 * the next execve(2).
 *
 * A process that isn't root stays who it is if that is `uid`, else EPERM.
 * Allocates nothing.
 *
 * Source: credentials(7), capabilities(7), PR_SET_DUMPABLE in prctl(2).
 */
FIRN_MUST_CHECK int firn_become(uid_t uid, gid_t gid, struct firn_err *err);

#endif
