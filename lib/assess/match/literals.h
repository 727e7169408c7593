#ifndef ASSESS_LITERALS_H
#define ASSESS_LITERALS_H

/*
 * literals -- a text is looked through for hundreds of words at once.
 *
 * By Hyperscan (or Vectorscan, which is the same elsewhere than on x86).  It is
 * loaded when the first set of words is made: it has 10 MB, and linked in it
 * would cost every freeze a millisecond.
 *
 * Source: hs_compile(3) of libhyperscan-dev: /usr/include/hs/hs_compile.h.
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/err.h"

struct firn_literal {
	const char *bytes; /* borrowed; any, NULs too */
	size_t len;
	bool folds; /* letters of ASCII match in either case */
};

struct firn_literals;

/*
 * firn_literals_open(ret, literals, n, err) -- make the set; none is a set too.
 *
 * Takes some 15 ms for 300.  A machine that the library can't be used on is
 * ENOSYS.
 */
FIRN_MUST_CHECK int firn_literals_open(struct firn_literals **ret,
				       const struct firn_literal *literals,
				       size_t n, struct firn_err *err);
void firn_literals_close(struct firn_literals **literals);

/* Which of them ends where in the text.  Returns 0, or -1 to stop. */
typedef int firn_literal_hit(void *context, size_t literal, size_t end);

/*
 * firn_literals_scan(literals, text, len, hit, context, err) -- every place
 * of each, overlapping ones too; in no order.  `len` is below 4 GiB.
 *
 * Not for two threads at once.  When `hit` stops it, that is -1 without `err`.
 */
FIRN_MUST_CHECK int firn_literals_scan(struct firn_literals *literals,
				       const char *text, size_t len,
				       firn_literal_hit *hit, void *context,
				       struct firn_err *err);

#endif
