#ifndef RESPOND_CASES_UNFINISHED_H
#define RESPOND_CASES_UNFINISHED_H

/*
 * unfinished -- cases that an earlier runner has left, or works still.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/err.h"

/*
 * firn_unfinished(id, lines, open, err) -- is this case not finished, whoever
 * works it?  Then its id is added to the array `open`.
 *
 * It takes its container's turn again, which a crash may have kept it from
 * saying.  `lines` is its diary.
 */
FIRN_MUST_CHECK int firn_unfinished(const char *id, const json_t *lines,
				    json_t *open, struct firn_err *err);

/* firn_unfinished_waits(lines) -- does it wait for an answer still?  `lines` is
 * its diary. */
bool firn_unfinished_waits(const json_t *lines);

#endif
