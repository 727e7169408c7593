#ifndef ASSESS_FACTS_H
#define ASSESS_FACTS_H

/*
 * facts -- what values of one form say about themselves.
 *
 * Each adds to the object what it finds, and nothing when the value is of
 * another form.  See firn_rule_facts() for what must never be in it.
 */

#include <stddef.h>

#include <jansson.h>

/*
 * firn_jwt_facts(facts, value, len) -- "issuer", "subject", "audience",
 * "expires".
 *
 * Source: RFC 7519.  The signature is not checked.
 */
void firn_jwt_facts(json_t *facts, const char *value, size_t len);

#endif
