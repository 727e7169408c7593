#ifndef EVIDENCE_JOURNAL_H
#define EVIDENCE_JOURNAL_H

/*
 * journal -- the texts that are signed, as far as writer and reader share
 * them.
 */

#include "base/buf.h"
#include "evidence/frames.h"

/* firn_list_frames(frames, from, until, ret, err) -- a line for each: offset,
 * stored size, plain size, digest. */
FIRN_MUST_CHECK int firn_list_frames(const struct firn_frames *frames,
				     uint64_t from, uint64_t until,
				     struct firn_buf *ret,
				     struct firn_err *err);

/*
 * firn_trailer_text(case_id, sequence, previous, seal, frames, from, ret, err)
 * -- what the trailer's signature signs: the frames from `from` on, which no
 * checkpoint lists.
 */
FIRN_MUST_CHECK int firn_trailer_text(const char *case_id, uint64_t sequence,
				      const unsigned char previous[FIRN_SHA256],
				      const unsigned char seal[FIRN_SHA256],
				      const struct firn_frames *frames,
				      uint64_t from, struct firn_buf *ret,
				      struct firn_err *err);

#endif
