#ifndef RESPOND_CASES_SENDER_H
#define RESPOND_CASES_SENDER_H

/*
 * sender -- whose letter is it?
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/inbox.h"
#include "firn/policy.h"

/*
 * firn_sender(policy, trusted_uid, letter) -- what the receiver, who is
 * `trusted_uid`, has verified, or whose user wrote the letter; never what a
 * letter says by itself.  NULL for nobody that the policy knows.
 */
const struct firn_source *firn_sender(const struct firn_policy *policy,
				      unsigned long trusted_uid,
				      const struct firn_letter *letter);

/* firn_sender_refused(letter, ret, err) -- nobody's letter is kept, answered,
 * and told of in the audit log, where it can't be changed.  `*ret` is the
 * answer. */
FIRN_MUST_CHECK int firn_sender_refused(const struct firn_letter *letter,
					json_t **ret, struct firn_err *err);

#endif
