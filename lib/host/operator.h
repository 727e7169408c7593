#ifndef HOST_OPERATOR_H
#define HOST_OPERATOR_H

/*
 * operator -- who is at the keyboard.
 */

#include "firn/err.h"

/*
 * firn_operator(ret, err) -- the login name, for the caller to free(3); never
 * empty.
 *
 * The kernel's login uid (pam_loginuid(8)), which su(1) and sudo(8) keep; else
 * what sudo(8) says; else the real user.  Names come from /etc/passwd alone: a
 * directory service could make us wait.  A user without a name is "uid:N".
 */
FIRN_MUST_CHECK int firn_operator(char **ret, struct firn_err *err);

#endif
