#include "evidence/writer.h"

#include <string.h>

int
firn_stream_check(const struct firn_archive *archive, struct firn_err *err)
{
	if (archive->failure.code == 0)
		return 0;
	*err = archive->failure;
	return -1;
}

int
firn_stream_fail(struct firn_archive *archive, const struct firn_err *err)
{
	if (archive->failure.code == 0)
		archive->failure = *err;
	return -1;
}

/* Uncompressed, what the seal would take if it had to be written now. */
static uint64_t
reserve(const struct firn_archive *archive)
{
	uint64_t unlisted = archive->frames.n - archive->listed_frames;

	return (512 << 10) + archive->manifest.size + archive->sums.size +
	       archive->gaps.size + archive->containment.size +
	       archive->since.len + archive->tag_sums.len + 160 * unlisted +
	       FIRN_SEEK_ENTRY * archive->frames.n;
}

static int
write_frame(struct firn_archive *archive, const struct firn_block *block,
	    struct firn_err *err)
{
	struct firn_frame frame = { .offset = archive->output.offset,
				    .stored = (uint32_t)block->stored_len,
				    .plain = (uint32_t)block->len };

	if (block->err.code != 0) {
		*err = block->err;
		return -1;
	}
	memcpy(frame.sha256, block->sha256, sizeof(frame.sha256));
	archive->output.reserve = archive->sealing ? 0 : reserve(archive);
	if (firn_output_write(&archive->output, block->stored,
			      block->stored_len, err) < 0) {
		archive->full = !archive->sealing &&
				firn_output_is_full(&archive->output, err);
		return -1;
	}
	return firn_frames_add(&archive->frames, &frame, err);
}

/*
 * Nothing more can be written.  On a full disk the file goes back to the last
 * frame before the member that didn't fit, so that it can be sealed.
 */
static int
give_up(struct firn_archive *archive, const struct firn_err *err)
{
	struct firn_err cut = { 0 };

	firn_stream_fail(archive, err);
	firn_stream_end_frame(archive);
	while (firn_pipeline_finished(archive->pipeline, true) != NULL) {
		firn_pipeline_taken(archive->pipeline);
		archive->blocks_taken++;
	}
	firn_members_lost(archive);
	if (!archive->full)
		return -1;
	firn_frames_take_back(&archive->frames, archive->whole_frames);
	if (firn_output_take_back(&archive->output, archive->whole_offset,
				  &cut) < 0) {
		archive->failure = cut;
		archive->full = false;
	}
	return -1;
}

/* Returns 1 when a block was written, 0 when none is ready. */
static int
take(struct firn_archive *archive, bool wait, struct firn_err *err)
{
	struct firn_block *block =
		firn_pipeline_finished(archive->pipeline, wait);

	if (block == NULL)
		return 0;
	if (!block->continues) {
		archive->whole_offset = archive->output.offset;
		archive->whole_frames = archive->frames.n;
	}
	if (write_frame(archive, block, err) < 0)
		return give_up(archive, err);
	firn_pipeline_taken(archive->pipeline);
	archive->blocks_taken++;
	if (firn_members_arrived(archive, err) < 0)
		return firn_stream_fail(archive, err);
	return 1;
}

void
firn_stream_end_frame(struct firn_archive *archive)
{
	struct firn_block *block = firn_pipeline_block(archive->pipeline);

	if (block != NULL && block->len > 0)
		firn_pipeline_submit(archive->pipeline);
}

struct firn_block *
firn_stream_block(struct firn_archive *archive, struct firn_err *err)
{
	struct firn_block *block;
	int took;

	for (;;) {
		block = firn_pipeline_block(archive->pipeline);
		if (block != NULL && block->len < FIRN_FRAME)
			return block;
		if (block != NULL)
			firn_pipeline_submit(archive->pipeline);
		do
			took = take(archive, block == NULL, err);
		while (took > 0 && block != NULL);
		if (took < 0)
			return NULL;
	}
}

int
firn_stream_flush(struct firn_archive *archive, struct firn_err *err)
{
	int took;

	if (firn_stream_check(archive, err) < 0)
		return -1;
	firn_stream_end_frame(archive);
	do
		took = take(archive, true, err);
	while (took > 0);
	return took;
}

int
firn_stream_bare(struct firn_archive *archive, const void *data, size_t len,
		 struct firn_err *err)
{
	if (firn_output_write(&archive->output, data, len, err) < 0)
		return firn_stream_fail(archive, err);
	return 0;
}
