#ifndef ASSESS_IDENTITIES_H
#define ASSESS_IDENTITIES_H

/*
 * identities -- roles that a container may take on without a secret of its own:
 * by the token that it has, or by asking a metadata service.  The role is the
 * secret.
 *
 * Source: docs.aws.amazon.com "IAM roles for service accounts", "EKS Pod
 * Identities", "Task IAM role"; azure.github.io/azure-workload-identity.
 */

#include "assess/places/hints.h"
#include "assess/places/looking.h"

/* firn_look_at_identities(looking, hints, err) -- those that its environments
 * and its tokens speak of; after its files. */
FIRN_MUST_CHECK int firn_look_at_identities(const struct firn_looking *looking,
					    const struct firn_hints *hints,
					    struct firn_err *err);

/*
 * firn_look_at_metadata(looking, err) -- could it ask a metadata service?
 *
 * By the node's firmware, which says whose machine it is, and by a route in the
 * container's network namespace; or by a connection to it that is there.
 * Nothing is sent: whether the service would answer from so many hops away
 * can't be known.
 */
FIRN_MUST_CHECK int firn_look_at_metadata(const struct firn_looking *looking,
					  struct firn_err *err);

/* firn_reached(looking, rule_name, identity, place, err) -- as
 * firn_checklist_reached(); without such a rule it is a gap. */
FIRN_MUST_CHECK int firn_reached(const struct firn_looking *looking,
				 const char *rule_name, const char *identity,
				 const struct firn_secret_place *place,
				 struct firn_err *err);

#endif
