#include "evidence/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct firn_frames
firn_frames_init(void)
{
	return (struct firn_frames){ .spool = firn_spool_init(AT_FDCWD) };
}

void
firn_frames_free(struct firn_frames *frames)
{
	firn_spool_free(&frames->spool);
}

int
firn_frames_add(struct firn_frames *frames, const struct firn_frame *frame,
		struct firn_err *err)
{
	if (frames->n == FIRN_FRAMES_MAX - 1)
		return firn_err_set(err, EFBIG,
				    "more frames than a seek table "
				    "can list");
	if (firn_spool_add(&frames->spool, frame, sizeof(*frame), err) < 0)
		return -1;
	frames->n++;
	return 0;
}

int
firn_frames_get(const struct firn_frames *frames, uint64_t i,
		struct firn_frame *ret, struct firn_err *err)
{
	uint64_t at = i >= frames->gone_at ? i + frames->gone : i;
	size_t have = 0;

	/* One may lie across the end of what is in the file. */
	while (have < sizeof(*ret)) {
		ssize_t n = firn_spool_read(&frames->spool,
					    at * sizeof(*ret) + have,
					    (char *)ret + have,
					    sizeof(*ret) - have, err);

		if (n < 0)
			return -1;
		if (n == 0)
			return firn_err_set(err, EIO, "the spool was cut");
		have += (size_t)n;
	}
	return 0;
}

void
firn_frames_take_back(struct firn_frames *frames, uint64_t n)
{
	frames->gone_at = n;
	frames->gone = frames->n - n;
	frames->n = n;
}

void
firn_seek_header(unsigned char ret[FIRN_SEEK_HEADER], uint64_t n)
{
	firn_put_le32(ret, FIRN_MAGIC_SEEK);
	firn_put_le32(ret + 4,
		      (uint32_t)(n * FIRN_SEEK_ENTRY + FIRN_SEEK_FOOTER));
}

void
firn_seek_entry(unsigned char ret[FIRN_SEEK_ENTRY], uint32_t stored,
		uint32_t plain)
{
	firn_put_le32(ret, stored);
	firn_put_le32(ret + 4, plain);
}

void
firn_seek_footer(unsigned char ret[FIRN_SEEK_FOOTER], uint64_t n)
{
	firn_put_le32(ret, (uint32_t)n);
	ret[4] = 0; /* no checksums: the frames have their own */
	firn_put_le32(ret + 5, FIRN_MAGIC_SEEK_END);
}
