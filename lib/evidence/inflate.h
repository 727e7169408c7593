#ifndef EVIDENCE_INFLATE_H
#define EVIDENCE_INFLATE_H

/*
 * inflate -- the frames of a file, one after the other, bounded whatever they
 * claim, and on past those that are broken.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "evidence/format.h"
#include "firn/err.h"

enum firn_piece_kind {
	FIRN_PIECE_END,     /* of the file, between frames */
	FIRN_PIECE_FRAME,   /* of the tar, whole by its own checksum */
	FIRN_PIECE_TRAILER, /* a skippable frame with our trailer's magic */
	FIRN_PIECE_SEEK,    /* the seek table begins; read on with _raw() */
	FIRN_PIECE_CUT,    /* the file ends inside what could be any of these */
	FIRN_PIECE_BROKEN, /* what stands before the next good one */
};

struct firn_piece {
	enum firn_piece_kind kind;
	uint64_t offset; /* in the file */
	uint64_t stored; /* bytes there */
	/* The stored bytes, but of one broken or a seek table; and what they
	 * unpack to.  Both are valid until the next call. */
	const unsigned char *bytes, *plain;
	/* Of one broken: what it says it has, 0 when even that is not known. */
	size_t plain_len;
};

struct firn_inflate;

FIRN_MUST_CHECK int firn_inflate_open(struct firn_inflate **ret, int fd,
				      struct firn_err *err);
void firn_inflate_close(struct firn_inflate **inflate);

/* firn_inflate_next(inflate, ret, err) -- fails only when reading fails. */
FIRN_MUST_CHECK int firn_inflate_next(struct firn_inflate *inflate,
				      struct firn_piece *ret,
				      struct firn_err *err);

/* firn_inflate_raw(inflate, data, size, err) -- bytes as they stand in the
 * file.  Returns how many, fewer at its end; or -1. */
FIRN_MUST_CHECK ssize_t firn_inflate_raw(struct firn_inflate *inflate,
					 void *data, size_t size,
					 struct firn_err *err);

/* firn_inflate_offset(inflate) -- where in the file it stands. */
uint64_t firn_inflate_offset(const struct firn_inflate *inflate);

#endif
