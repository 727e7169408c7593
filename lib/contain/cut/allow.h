#ifndef CONTAIN_CUT_ALLOW_H
#define CONTAIN_CUT_ALLOW_H

/*
 * allow -- the rules of --allow, as text and as a plain question.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/isolate.h"

/* "[ADDRESS/128]:65535" and a NUL. */
#define FIRN_ALLOW_TEXT 64

/* firn_allow_text(rule, ret) -- in the form that firn_allow_parse() takes,
 * always with the prefix. */
void firn_allow_text(const struct firn_allow *rule, char ret[FIRN_ALLOW_TEXT]);

/* firn_allow_json(how) -- all of them, a new array of texts. */
json_t *firn_allow_json(const struct firn_isolation *how);

/*
 * firn_allow_matches(rule, family, remote, port) -- may it talk to this
 * address and port?  `port` is in host order, -1 for a packet that has none.
 *
 * The programs in the kernel answer the same question; this one says what
 * their answer must be.
 */
bool firn_allow_matches(const struct firn_allow *rule, int family,
			const unsigned char *remote, int port);

#endif
