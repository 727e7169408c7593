#ifndef POLICY_APPROVAL_FILE_H
#define POLICY_APPROVAL_FILE_H

/*
 * approval_file -- the files of requests, one process at a time.
 */

#include <jansson.h>

#include "firn/approval.h"
#include "firn/err.h"

/* So many requests are kept; then those that are closed make room. */
#define FIRN_APPROVALS_MAX 1000

/* An open request that nobody answers expires after a day. */
#define FIRN_APPROVAL_OPEN_S 86400

/* firn_approvals_open(make, err) -- the folder, locked until it is closed;
 * without `make` ENOENT where there is none.  Nobody may fork(2) meanwhile. */
FIRN_MUST_CHECK int firn_approvals_open(bool make, struct firn_err *err);

/* firn_approval_load(dir_fd, id, ret, err) -- a request, "state" as it is now;
 * ESRCH for none. */
FIRN_MUST_CHECK int firn_approval_load(int dir_fd, const char *id, json_t **ret,
				       struct firn_err *err);

/* firn_approval_save(dir_fd, request, err) -- in one step, synced. */
FIRN_MUST_CHECK int firn_approval_save(int dir_fd, const json_t *request,
				       struct firn_err *err);

/* firn_approval_load_all(dir_fd, ret, err) -- all, in no order; one that can't
 * be read has "state" "unreadable" and "error". */
FIRN_MUST_CHECK int firn_approval_load_all(int dir_fd, json_t **ret,
					   struct firn_err *err);

/* firn_approval_make_room(dir_fd, err) -- for one more; ENOSPC where as many as
 * can be wait for an answer. */
FIRN_MUST_CHECK int firn_approval_make_room(int dir_fd, struct firn_err *err);

/* firn_approval_is(request, state) -- is it in that state? */
bool firn_approval_is(const json_t *request, const char *state);

/* firn_approval_is_pending(request) -- is it open, or approved and not used? */
bool firn_approval_is_pending(const json_t *request);

#endif
