#ifndef EVIDENCE_PIPELINE_H
#define EVIDENCE_PIPELINE_H

/*
 * pipeline -- blocks of the tar on their way to become frames.
 *
 * One thread, the owner's, fills blocks and takes finished ones out, in order.
 * The workers hash the members in the blocks (one after the other, for a
 * digest is a chain) and compress the blocks (all at once).  As many blocks as
 * were made at the start are used over and over.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/format.h"
#include "firn/err.h"

struct firn_pipeline;

/* Bytes of a block that belong to a member's digest. */
struct firn_segment {
	size_t offset, len;
	unsigned char *digest; /* where it goes; valid until the block is out */
	bool first, last;      /* of the member */
};

struct firn_block {
	unsigned char *plain; /* FIRN_FRAME bytes */
	size_t len;
	bool continues; /* begins inside a member */
	struct firn_segment *segments;
	size_t n_segments, max_segments;

	/* What the workers make of it. */
	unsigned char *stored;
	size_t stored_len;
	unsigned char sha256[FIRN_SHA256]; /* of the stored bytes */
	bool hashed, compressed;
	struct firn_err err;
};

/* firn_pipeline_create(ret, workers, level, err) -- `workers` 0 is one per
 * core, at most 8: the chain of digests keeps no more busy. */
FIRN_MUST_CHECK int firn_pipeline_create(struct firn_pipeline **ret,
					 unsigned workers, int level,
					 struct firn_err *err);
void firn_pipeline_close(struct firn_pipeline **pipeline);

/* firn_pipeline_block(pipeline) -- the block to fill; NULL when all are on
 * their way, and one has to be taken first. */
struct firn_block *firn_pipeline_block(struct firn_pipeline *pipeline);

/* firn_pipeline_submit(pipeline) -- the block is filled; returns its number,
 * from 0. */
uint64_t firn_pipeline_submit(struct firn_pipeline *pipeline);

/* firn_pipeline_number(pipeline) -- the number of the block to fill. */
uint64_t firn_pipeline_number(const struct firn_pipeline *pipeline);

/*
 * firn_pipeline_finished(pipeline, wait) -- the oldest block that isn't taken
 * yet, once it is hashed and compressed; NULL when there is none, or none that
 * is ready and `wait` is false.  It is given back with firn_pipeline_taken().
 */
struct firn_block *firn_pipeline_finished(struct firn_pipeline *pipeline,
					  bool wait);
void firn_pipeline_taken(struct firn_pipeline *pipeline);

/* firn_segment(block, segment, err) -- add one. */
FIRN_MUST_CHECK int firn_segment_add(struct firn_block *block,
				     struct firn_segment segment,
				     struct firn_err *err);

#endif
