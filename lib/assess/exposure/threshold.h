#ifndef ASSESS_THRESHOLD_H
#define ASSESS_THRESHOLD_H

/*
 * threshold -- from which verdict on a node is called exposed: `node` of the
 * policy.
 *
 *	node:
 *	  exposed-from: possible
 */

#include <stdbool.h>

#include "assess/exposure/facts.h"
#include "base/yaml.h"
#include "firn/err.h"

enum firn_threshold {
	FIRN_FROM_POSSIBLE,
	FIRN_FROM_PRESUMED, /* what holds without a policy */
};

/* firn_threshold_name(threshold) -- the verdict: "possible", "presume exposed".
 */
const char *firn_threshold_name(enum firn_threshold threshold);

/* firn_threshold_read(yaml, node, ret, err) -- of `node`; NULL leaves `*ret` as
 * it is. */
FIRN_MUST_CHECK int firn_threshold_read(const struct firn_yaml *yaml,
					struct fy_node *node,
					enum firn_threshold *ret,
					struct firn_err *err);

/* firn_threshold(facts) -- of the policy that was captured with the rest, so
 * that a lab calls it as the node did.  One that can't be read is a gap. */
enum firn_threshold firn_threshold(struct firn_facts *facts);

/* firn_threshold_reached(threshold, verdict) -- is a verdict enough? */
bool firn_threshold_reached(enum firn_threshold threshold, const char *verdict);

#endif
