#ifndef HOST_OPERATOR_H
#define HOST_OPERATOR_H

/*
 * operator -- who is at the keyboard.
 */

#include <sys/types.h>

#include "firn/err.h"

/*
 * firn_operator_uid() -- the kernel's login uid (pam_loginuid(8)), which su(1)
 * and sudo(8) keep; else what sudo(8) says; else the real user.
 */
uid_t firn_operator_uid(void);

/*
 * firn_operator(ret, err) -- the login name, for the caller to free(3); never
 * empty.
 * As firn_account_of() has it.
 */
FIRN_MUST_CHECK int firn_operator(char **ret, struct firn_err *err);

#endif
