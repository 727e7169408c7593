#ifndef ASSESS_CONSIDERATIONS_H
#define ASSESS_CONSIDERATIONS_H

/*
 * considerations -- what an item's place in the order is argued from.
 */

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <jansson.h>

#include "base/buf.h"

/* What one item is weighed by. */
struct firn_weighed {
	json_t *item;
	time_t now, expires; /* expires is 0 if it isn't known */
	const char *priority, *readers, *ends;
	bool replace_first;
	int points;
};

/*
 * One consideration: returns its points, and adds its sentence, if it has one,
 * which may hold names that a suspect chose.
 */
typedef int firn_consideration(const struct firn_weighed *one,
			       struct firn_buf *why);

extern firn_consideration *const firn_considerations[];
#define FIRN_N_CONSIDERATIONS ((size_t)10)

/* firn_weighed(ret, item, now) -- an item before it is weighed. */
void firn_weighed(struct firn_weighed *ret, json_t *item, time_t now);

/* firn_has_expired(one) -- by what it says itself. */
bool firn_has_expired(const struct firn_weighed *one);

#endif
