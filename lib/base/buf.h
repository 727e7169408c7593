#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * buf -- bytes that grow.
 *
 * Starts as `{ 0 }`; released with firn_buf_free().  When memory runs out the
 * buffer is `failed` and stays so, and everything added after is dropped: add
 * in a row, and check once with firn_buf_check().
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/err.h"

struct firn_buf {
	char *data; /* a NUL stands behind `len` bytes; NULL while empty */
	size_t len;
	size_t size;
	bool failed;
};

#define autobuf __attribute__((cleanup(firn_buf_free)))

void firn_buf_free(struct firn_buf *buf);

void firn_buf_add(struct firn_buf *buf, const void *data, size_t len);

/* firn_buf_fill(buf, byte, len) -- the same byte, `len` times. */
void firn_buf_fill(struct firn_buf *buf, int byte, size_t len);

void firn_buf_addf(struct firn_buf *buf, const char *fmt, ...)
	FIRN_PRINTF(2, 3);

/* firn_buf_check(buf, err) -- 0, or -1 and ENOMEM if anything was dropped. */
FIRN_MUST_CHECK int firn_buf_check(const struct firn_buf *buf,
				   struct firn_err *err);

#endif
