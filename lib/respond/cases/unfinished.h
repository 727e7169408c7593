#ifndef RESPOND_CASES_UNFINISHED_H
#define RESPOND_CASES_UNFINISHED_H

/*
 * unfinished -- cases that an earlier runner has left, or works still.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/err.h"

/*
 * firn_unfinished(ret, err) -- the ids of those that aren't finished, whoever
 * works them, are added to the array `ret`.
 *
 * Each takes its container's turn again, which a crash may have kept it from
 * saying.
 */
FIRN_MUST_CHECK int firn_unfinished(json_t *ret, struct firn_err *err);

/* firn_unfinished_waits(lines) -- does it wait for an answer still?  `lines` is
 * its diary. */
bool firn_unfinished_waits(const json_t *lines);

#endif
