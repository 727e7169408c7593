#ifndef RESPOND_CASES_APPROVALS_H
#define RESPOND_CASES_APPROVALS_H

/*
 * approvals -- has a case's waiting come to an end?
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/err.h"

/* firn_approval_of(id, ret, err) -- the request, as firn_approvals() has it: a
 * new object; ESRCH for none. */
FIRN_MUST_CHECK int firn_approval_of(const char *id, json_t **ret,
				     struct firn_err *err);

/* firn_approval_is_open(waits, approval) -- may it still be answered, and in
 * time?  `waits` is the diary's line. */
bool firn_approval_is_open(const json_t *waits, const json_t *approval);

#endif
