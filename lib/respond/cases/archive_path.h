#ifndef RESPOND_CASES_ARCHIVE_PATH_H
#define RESPOND_CASES_ARCHIVE_PATH_H

/*
 * archive_path -- where a case's archive goes, and what signs it.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/playbook.h"
#include "firn/policy.h"
#include "firn/sign.h"

/*
 * firn_case_archive_path(policy, case_id, ret, err) -- CASE.firn.tar.zst in the
 * policy's folder, which is made; or CASE-2.firn.tar.zst, ..., beside one that
 * was begun before.
 */
FIRN_MUST_CHECK int firn_case_archive_path(const struct firn_policy *policy,
					   const char *case_id, char **ret,
					   struct firn_err *err);

/* firn_case_sealed_archive(policy, case_id, ret) -- the last that is whole; for
 * the caller to free(3). */
bool firn_case_sealed_archive(const struct firn_policy *policy,
			      const char *case_id, char **ret);

/* firn_case_partial_archives(policy, case_id) -- those that were begun and not
 * sealed: a new array of paths.  What is in them is evidence, too. */
json_t *firn_case_partial_archives(const struct firn_policy *policy,
				   const char *case_id);

/* firn_case_signer(policy, playbook, ret, err) -- the key that a `seal` step
 * names, else the policy's, else the node's own. */
FIRN_MUST_CHECK int firn_case_signer(const struct firn_policy *policy,
				     const struct firn_playbook *playbook,
				     struct firn_key **ret,
				     struct firn_err *err);

#endif
