#ifndef BASE_CLOSEST_H
#define BASE_CLOSEST_H

/*
 * closest -- what somebody may have meant who mistyped a word.
 */

#include <stddef.h>

/* Longer words are compared with nothing. */
#define FIRN_CLOSEST_MAX 40

/*
 * firn_closest(word, names) -- of `names` (which ends with NULL) the one that
 * is made of `word` by the fewest letters changed, added, left out or
 * exchanged with their neighbour: one of them for a word of up to 4 letters,
 * else two.  NULL when none is that close.
 */
const char *firn_closest(const char *word, const char *const *names);

#endif
