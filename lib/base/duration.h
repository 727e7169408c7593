#ifndef BASE_DURATION_H
#define BASE_DURATION_H

/*
 * duration -- a time span as a person writes it.
 */

#include "firn/err.h"

/* The longest one, in seconds: what is to end by itself ends within a month. */
#define FIRN_DURATION_MAX (31u * 24 * 3600)

/*
 * firn_duration_parse(text, ret, err) -- of "90s", "10m", "2h", "1d"; in
 * seconds.
 *
 * A number without a unit, zero, and more than FIRN_DURATION_MAX are EINVAL.
 */
FIRN_MUST_CHECK int firn_duration_parse(const char *text, unsigned *ret,
					struct firn_err *err);

/* firn_duration_within(text, most_s, ret, err) -- the same, with a longest of
 * the caller's, in seconds. */
FIRN_MUST_CHECK int firn_duration_within(const char *text, unsigned most_s,
					 unsigned *ret, struct firn_err *err);

/* "31d" and a NUL, with room. */
#define FIRN_DURATION_TEXT 16

/* firn_duration_text(seconds, ret) -- in the largest unit that is exact. */
void firn_duration_text(unsigned seconds, char ret[FIRN_DURATION_TEXT]);

#endif
