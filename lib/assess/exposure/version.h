#ifndef ASSESS_VERSION_H
#define ASSESS_VERSION_H

/*
 * version -- which of two versions is later.
 */

#include <stdbool.h>

/*
 * firn_version_compare(a, b) -- less than, equal to or greater than 0.
 *
 * Source: deb-version(7), which upstream's numbers follow too, once "-rc1" is
 * written "~rc1".
 */
int firn_version_compare(const char *a, const char *b);

/*
 * firn_version_affected(version, since, fixed, n) -- is it from `since` on, and
 * before the first of its branch (the first two numbers) that is fixed?
 *
 * A branch without one is fixed if it is later than all that have one.
 */
bool firn_version_affected(const char *version, const char *since,
			   const char *const *fixed, unsigned n);

#endif
