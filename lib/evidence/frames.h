#ifndef EVIDENCE_FRAMES_H
#define EVIDENCE_FRAMES_H

/*
 * frames -- the list of an archive's frames, however long it gets.
 */

#include <stdint.h>

#include "base/spool.h"
#include "evidence/format.h"
#include "firn/err.h"

struct firn_frames {
	struct firn_spool spool;
	uint64_t n;
	/* Frames that were taken back stay in the spool and are passed over:
	 * so many from this one. */
	uint64_t gone_at, gone;
};

struct firn_frames firn_frames_init(void);
void firn_frames_free(struct firn_frames *frames);

FIRN_MUST_CHECK int firn_frames_add(struct firn_frames *frames,
				    const struct firn_frame *frame,
				    struct firn_err *err);
FIRN_MUST_CHECK int firn_frames_get(const struct firn_frames *frames,
				    uint64_t i, struct firn_frame *ret,
				    struct firn_err *err);

/* firn_frames_take_back(frames, n) -- only the first `n` count; once. */
void firn_frames_take_back(struct firn_frames *frames, uint64_t n);

/*
 * A seek table is the last frame, in zstd's seekable format: a skippable frame
 * of a header, an entry for each frame before it, and a footer.
 *
 * Source: zstd's contrib/seekable_format/zstd_seekable_compression_format.md
 */
#define FIRN_SEEK_HEADER 8
#define FIRN_SEEK_ENTRY 8
#define FIRN_SEEK_FOOTER 9

/* firn_seek_header(ret, n) -- of a table of `n` entries. */
void firn_seek_header(unsigned char ret[FIRN_SEEK_HEADER], uint64_t n);
void firn_seek_entry(unsigned char ret[FIRN_SEEK_ENTRY], uint32_t stored,
		     uint32_t plain);
void firn_seek_footer(unsigned char ret[FIRN_SEEK_FOOTER], uint64_t n);

/* The table counts frames in 32 bits, and its size too. */
#define FIRN_FRAMES_MAX ((UINT32_MAX - FIRN_SEEK_FOOTER) / FIRN_SEEK_ENTRY)

#endif
