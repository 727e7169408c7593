#ifndef ALERT_LEAD_H
#define ALERT_LEAD_H

/*
 * lead -- from what an alert says of a container to which one it is.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/target.h"

/* lead_why(reason, candidates, fmt, ...) -- why it leads nowhere.  Takes
 * `candidates` over; NULL for none. */
json_t *lead_why(const char *reason, json_t *candidates, const char *fmt, ...)
	FIRN_PRINTF(3, 4);

/* What is known of a container, or NULL each.  Borrowed. */
struct lead_facts {
	const char *id, *name, *image;
	const char *namespace, *pod, *pod_uid, *container;
};
void lead_facts_of_target(const struct firn_target *target,
			  struct lead_facts *ret);

/* lead_facts_of_listed(listed, ret) -- of one of firn_targets(). */
void lead_facts_of_listed(const json_t *listed, struct lead_facts *ret);

/* lead_differs(alert, facts) -- which of the alert's facts this container
 * can't be meant by; NULL if none.  What isn't known differs from nothing. */
const char *lead_differs(const json_t *alert, const struct lead_facts *facts);

/* lead_is_called(name, facts) -- by its runtime, in its pod, or by its id: each
 * sender calls another of these the name. */
bool lead_is_called(const char *name, const struct lead_facts *facts);

/* lead_is_sandbox(facts) -- is it what only holds its pod's namespaces? */
bool lead_is_sandbox(const struct lead_facts *facts);

/* lead_means(alert, facts) -- is what the alert names this container, as far
 * as it goes? */
bool lead_means(const json_t *alert, const struct lead_facts *facts);

#endif
