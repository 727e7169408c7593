#ifndef FIRN_READER_H
#define FIRN_READER_H

/*
 * reader -- the members of an archive, one after the other.
 *
 * For assessing an archive long after: what it gives is not verified (see
 * verify.h), and bounded.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"

struct firn_reader;

/* firn_reader_open(ret, fd, err) -- `fd` is borrowed; may be a pipe. */
FIRN_MUST_CHECK int firn_reader_open(struct firn_reader **ret, int fd,
				     struct firn_err *err);
void firn_reader_close(struct firn_reader **reader);

/*
 * firn_reader_next(reader, ret_path, ret_size, err) -- go to the next member.
 *
 * `*ret_path` (without the bag's folder) is valid until the next call.  What
 * was not read of the member before is skipped.  Returns 1, 0 at the end, -1.
 */
FIRN_MUST_CHECK int firn_reader_next(struct firn_reader *reader,
				     const char **ret_path, uint64_t *ret_size,
				     struct firn_err *err);

/* firn_reader_read(reader, data, size, err) -- of the member; how many bytes,
 * 0 at its end, or -1. */
FIRN_MUST_CHECK ssize_t firn_reader_read(struct firn_reader *reader, void *data,
					 size_t size, struct firn_err *err);

#endif
