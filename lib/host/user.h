#ifndef HOST_USER_H
#define HOST_USER_H

/*
 * user -- a user of this node, as /etc/passwd has it.
 *
 * Of /etc/passwd alone: a directory service could make us wait, and whom firn
 * becomes is not for the network to say.
 */

#include <sys/types.h>

#include "firn/err.h"

/* firn_user(name, ret_uid, ret_gid, err) -- its numbers; ENOENT for a name that
 * isn't there. */
FIRN_MUST_CHECK int firn_user(const char *name, uid_t *ret_uid, gid_t *ret_gid,
			      struct firn_err *err);

/*
 * firn_user_become(uid, gid, err) -- for good: no other groups, no
 * capabilities, and no program that could give them back (no_new_privs); not to
 * be read or traced by that user's other processes until the next execve(2).
 *
 * A process that isn't root stays who it is if that is `uid`, else EPERM.
 *
 * Source: credentials(7), capabilities(7), PR_SET_DUMPABLE in prctl(2).
 */
FIRN_MUST_CHECK int firn_user_become(uid_t uid, gid_t gid,
				     struct firn_err *err);

#endif
