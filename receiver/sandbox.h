#ifndef RECEIVER_SANDBOX_H
#define RECEIVER_SANDBOX_H

/*
 * sandbox -- what the receiver gives up before it reads the first byte from the
 * network.
 *
 * It is the user `firn`, without other groups and without capabilities; of the
 * filesystem it reaches the inbox (Landlock); of the kernel the calls that
 * serving needs (seccomp; anything else kills it).  No program can be started,
 * no socket made, no process traced or signalled.
 */

#include <jansson.h>

#include "firn/err.h"

/*
 * firn_sandbox(inbox, missing, err) -- for good.  Started by another user than
 * root it stays who it is.
 *
 * `inbox` is its folder.  What this kernel can't enforce is added to
 * `missing`, an array of sentences.
 *
 * Source: capabilities(7), landlock(7), seccomp(2), seccomp_rule_add(3).
 */
FIRN_MUST_CHECK int firn_sandbox(const char *inbox, json_t *missing,
				 struct firn_err *err);

#endif
