#ifndef HOST_ACCOUNTS_H
#define HOST_ACCOUNTS_H

/*
 * accounts -- users and groups of this node, from /etc/passwd and /etc/group
 * alone: a directory service could make us wait.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/words.h"
#include "firn/err.h"

/* firn_account_named(name, ret_uid, ret_gid, err) -- a user by name; ENOENT for
 * none.  `ret_gid`, the user's own group, may be NULL.  passwd(5). */
FIRN_MUST_CHECK int firn_account_named(const char *name, uid_t *ret_uid,
				       gid_t *ret_gid, struct firn_err *err);

/* firn_account_of(uid, ret, err) -- its name, for the caller to free(3);
 * "uid:N" for a user without one. */
FIRN_MUST_CHECK int firn_account_of(uid_t uid, char **ret,
				    struct firn_err *err);

/* firn_account_groups(name, ret, err) -- the names of the groups that a user is
 * in, the user's own among them.  `*ret` starts empty and is for
 * firn_words_free().  group(5). */
FIRN_MUST_CHECK int firn_account_groups(const char *name,
					struct firn_words *ret,
					struct firn_err *err);

/* firn_account_is_group(name, ret, err) -- is there such a group?  group(5). */
FIRN_MUST_CHECK int firn_account_is_group(const char *name, bool *ret,
					  struct firn_err *err);

#endif
