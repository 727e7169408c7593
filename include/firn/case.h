#ifndef FIRN_CASE_H
#define FIRN_CASE_H

/*
 * case -- what belongs to one incident.
 */

#include "firn/err.h"

#define FIRN_CASE_ID 96
#define FIRN_CASE_KEY 32

struct firn_case {
	char id[FIRN_CASE_ID]; /* letters, digits, `-_.`; no leading dot */
	unsigned char key[FIRN_CASE_KEY]; /* by firn_case_key() */
};

/*
 * firn_case_open(ret, id, target_id, err) -- the case that is named, or a new
 * one for a target.
 *
 * `id` NULL names it after the time, this host and the target
 * ("20261124T120000Z-node7-0123456789ab").  An `id` that could not be a file's
 * name is EINVAL.  Reads and writes nothing: a container can be stopped first.
 */
FIRN_MUST_CHECK int firn_case_open(struct firn_case *ret, const char *id,
				   const char *target_id, struct firn_err *err);

/*
 * firn_case_key(of, err) -- read its key, or make it on first use.
 *
 * The key is random, and kept in /var/lib/firn/cases/ID.key (0600), so that
 * the same secret has the same fingerprint within the case, and nobody without
 * the key can try values.
 */
FIRN_MUST_CHECK int firn_case_key(struct firn_case *of, struct firn_err *err);

#endif
