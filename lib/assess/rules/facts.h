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

/* firn_facts_jwt(facts, value, len) -- "issuer", "subject", "audience",
 * "issued", "expires"; of Kubernetes "namespace", "service_account", "pod",
 * "node", "secret".  Source: RFC 7519. */
void firn_facts_jwt(json_t *facts, const char *value, size_t len);

/* firn_facts_aws(facts, value, len) -- of a key id: "account". */
void firn_facts_aws(json_t *facts, const char *value, size_t len);

/* firn_facts_service_account(facts, value, len) -- "account", "key_id" and
 * "project" of Google's key file. */
void firn_facts_service_account(json_t *facts, const char *value, size_t len);

/* firn_facts_pem(facts, value, len) -- "type", "fingerprint" of the public half
 * (as ssh-keygen(1) shows it, or SHA-256 of its SubjectPublicKeyInfo), or
 * "sealed" by a passphrase. */
void firn_facts_pem(json_t *facts, const char *value, size_t len);

/* firn_facts_login(facts, value, len) -- "user" of "user:password" in base64.
 */
void firn_facts_login(json_t *facts, const char *value, size_t len);

/* firn_facts_bot(facts, value, len) -- "account" of a bot: the number that its
 * token begins with. */
void firn_facts_bot(json_t *facts, const char *value, size_t len);

#endif
