#ifndef POLICY_CLAIMS_H
#define POLICY_CLAIMS_H

/*
 * claims -- the policy as it was understood, for machines; and each of them in
 * plain English.
 *
 * A claim is one rule, or what holds where there is none.
 */

#include <jansson.h>

#include "base/buf.h"
#include "respond/policy/rules.h"

/* What each part claims: a new array of objects. */
json_t *firn_claims_people(const struct firn_policy *policy);
json_t *firn_claims_alerts(const struct firn_policy *policy);
json_t *firn_claims_never(const struct firn_policy *policy);
json_t *firn_claims_approval(const struct firn_policy *policy);
json_t *firn_claims_limits(const struct firn_policy *policy);
json_t *firn_claims_quiet(const struct firn_policy *policy);
json_t *firn_claims_evidence(const struct firn_policy *policy);
json_t *firn_claims_notify(const struct firn_policy *policy);
json_t *firn_claims_listen(const struct firn_policy *policy);
json_t *firn_claims_node(const struct firn_policy *policy);
json_t *firn_claims_emergency(const struct firn_policy *policy);

/* One claim as a sentence, added to `out`. */
void firn_say_people(const json_t *claim, struct firn_buf *out);
void firn_say_alerts(const json_t *claim, struct firn_buf *out);
void firn_say_never(const json_t *claim, struct firn_buf *out);
void firn_say_approval(const json_t *claim, struct firn_buf *out);
void firn_say_limits(const json_t *claim, struct firn_buf *out);
void firn_say_quiet(const json_t *claim, struct firn_buf *out);
void firn_say_evidence(const json_t *claim, struct firn_buf *out);
void firn_say_notify(const json_t *claim, struct firn_buf *out);
void firn_say_listen(const json_t *claim, struct firn_buf *out);
void firn_say_node(const json_t *claim, struct firn_buf *out);
void firn_say_emergency(const json_t *claim, struct firn_buf *out);

/* firn_claim_of_grant(policy, grant) -- of one rule of responders; a new
 * object. */
json_t *firn_claim_of_grant(const struct firn_policy *policy,
			    const struct firn_grant *grant);

/* firn_claim_of_source(policy, i) -- of one source; a new object. */
json_t *firn_claim_of_source(const struct firn_policy *policy, size_t i);

#endif
