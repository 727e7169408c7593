#ifndef ASSESS_PAGES_H
#define ASSESS_PAGES_H

/*
 * pages -- which pages of a process hold something.
 *
 * A terabyte that was only reserved is passed over at once, and a page that was
 * never touched isn't made by looking at it.
 *
 * Source: Linux Documentation/admin-guide/mm/pagemap.rst; PAGEMAP_SCAN is new
 * in 6.7, before it the table is read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"

/* Starts as `{ .fd = }`, of /proc/PID/pagemap; nothing is allocated. */
struct firn_pages {
	int fd;
	bool by_table; /* don't ask with PAGEMAP_SCAN */
	bool no_guard; /* the kernel doesn't tell guard pages */

	uint64_t at, end;
	bool own;
	struct {
		uint64_t start, end, categories;
	} ranges[128];
	size_t n, next;
};

/*
 * firn_pages_start(pages, start, end, own) -- of these addresses.
 *
 * With `own`, only pages that aren't those of a file: a private mapping's
 * copies of what was written to.
 */
void firn_pages_start(struct firn_pages *pages, uint64_t start, uint64_t end,
		      bool own);

/* firn_pages_next(pages, ret_start, ret_end, err) -- the next range that is in
 * memory or in swap.  1, 0 when there is no more, -1. */
FIRN_MUST_CHECK int firn_pages_next(struct firn_pages *pages,
				    uint64_t *ret_start, uint64_t *ret_end,
				    struct firn_err *err);

#endif
