#ifndef CONTAIN_RESET_DESTROY_H
#define CONTAIN_RESET_DESTROY_H

/*
 * destroy -- end sockets from outside; their owners get ECONNABORTED.
 *
 * Source: linux/sock_diag.h SOCK_DESTROY; kernel net/ipv4/tcp.c, tcp_abort().
 */

#include <stddef.h>

#include "contain/reset/doomed.h"
#include "firn/err.h"

/*
 * firn_destroy(list, ret_codes, err) -- destroy every socket of the list.
 *
 * `ret_codes` has room for `list->n`: 0, or the errno(3) value of each; ENOENT
 * is one that has ended by itself.  A socket that its owner has locked (a send
 * from memory that userfaultfd or FUSE doesn't give) is waited for 1 s, then
 * left: ETIMEDOUT; the child that asked for it stays until the lock is free,
 * and destroys it then.  After four such sockets the rest is not tried, and is
 * ETIMEDOUT too.  Can't be undone.
 */
FIRN_MUST_CHECK int firn_destroy(const struct firn_doomed_list *list,
				 int *ret_codes, struct firn_err *err);

#endif
