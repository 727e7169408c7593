#ifndef FIRN_APPROVAL_H
#define FIRN_APPROVAL_H

/*
 * approval -- a second person says yes.
 *
 * One file per request in /var/lib/firn/approvals/, 0600: ID.json.  Requests
 * are told apart by who, role and target: asking again finds the same one.
 * Both asking and answering are in the audit log.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/policy.h"

#define FIRN_APPROVALS "/var/lib/firn/approvals"
#define FIRN_APPROVAL_ID 24

/* How long an approval is good, if the policy says nothing; seconds. */
#define FIRN_APPROVAL_S 1800

/* Longest note, in bytes. */
#define FIRN_NOTE_MAX 1000

/*
 * firn_approval_ask(who, role, traits, case_id, ret_id, err) -- the request for
 * this, made if there is none that is open.
 */
FIRN_MUST_CHECK int firn_approval_ask(const struct firn_party *who,
				      enum firn_role role,
				      const struct firn_traits *traits,
				      const char *case_id,
				      char ret_id[FIRN_APPROVAL_ID],
				      struct firn_err *err);

/* firn_approval_use(who, role, traits, ret, err) -- is there one that was said
 * yes to and is still good?  It is used up by this. */
FIRN_MUST_CHECK int firn_approval_use(const struct firn_party *who,
				      enum firn_role role,
				      const struct firn_traits *traits,
				      bool *ret, struct firn_err *err);

/* firn_approval_given(who, role, traits, ret, err) -- the same, and it stays.
 */
FIRN_MUST_CHECK int firn_approval_given(const struct firn_party *who,
					enum firn_role role,
					const struct firn_traits *traits,
					bool *ret, struct firn_err *err);

/* firn_approval_id(who, role, traits, ret, err) -- what a request for this is
 * called; it need not be there. */
FIRN_MUST_CHECK int firn_approval_id(const struct firn_party *who,
				     enum firn_role role,
				     const struct firn_traits *traits,
				     char ret[FIRN_APPROVAL_ID],
				     struct firn_err *err);

/*
 * firn_approval_answer(policy, id, by, yes, note, ret, err) -- a person's
 * answer.  EPERM for the one who asked, for one whom the policy doesn't let,
 * and for one that has been answered; ESRCH for none.  `*ret` is the request.
 */
FIRN_MUST_CHECK int firn_approval_answer(const struct firn_policy *policy,
					 const char *id,
					 const struct firn_party *by, bool yes,
					 const char *note, json_t **ret,
					 struct firn_err *err);

/* firn_approval_may_answer(policy, id, by, ret, err) -- the same without an
 * answer: nothing is written. */
FIRN_MUST_CHECK int firn_approval_may_answer(const struct firn_policy *policy,
					     const char *id,
					     const struct firn_party *by,
					     json_t **ret,
					     struct firn_err *err);

/* firn_approvals(ret, err) -- all requests, newest first: "id", "asked", "who",
 * "role", "target", "case", "state" ("open", "approved", "refused", "used",
 * "expired"), "by", "answered", "note". */
FIRN_MUST_CHECK int firn_approvals(json_t **ret, struct firn_err *err);

#endif
