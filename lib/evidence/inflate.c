#include "evidence/inflate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <zstd.h>

#include "base/auto.h"
#include "base/io.h"

/* What zstd makes of a frame's worth of noise, and some more. */
#define LONGEST_FRAME (FIRN_FRAME + (16 << 10))
#define BUFFER (2 * LONGEST_FRAME)

/* Places that look like a frame and aren't, after which we stop to look: each
 * costs up to a millisecond, and a suspect could plant millions. */
#define MOST_CANDIDATES 20000

struct firn_inflate {
	int fd;
	ZSTD_DCtx *zstd;
	unsigned char *buffer, *plain;
	size_t at, have; /* unread bytes are between these */
	uint64_t offset; /* of buffer[at] in the file */
	bool end;        /* nothing comes behind what the buffer has */
	unsigned candidates;
};

/* What stands at the start of some bytes. */
enum look {
	LOOK_GOOD,
	LOOK_SHORT, /* it could be good, if there were more */
	LOOK_BAD,
};

int
firn_inflate_open(struct firn_inflate **ret, int fd, struct firn_err *err)
{
	autodone(firn_inflate_close) struct firn_inflate *inflate = NULL;

	inflate = calloc(1, sizeof(*inflate));
	if (inflate == NULL)
		return firn_err_nomem(err);
	inflate->fd = fd;
	inflate->zstd = ZSTD_createDCtx();
	inflate->buffer = malloc(BUFFER);
	inflate->plain = malloc(FIRN_FRAME);
	if (inflate->zstd == NULL || inflate->buffer == NULL ||
	    inflate->plain == NULL)
		return firn_err_nomem(err);
	/* A window larger than a frame makes no sense. */
	if (ZSTD_isError(ZSTD_DCtx_setParameter(inflate->zstd,
						ZSTD_d_windowLogMax, 20)))
		return firn_err_set(err, ENOTSUP, "zstd refuses a window");
	*ret = firn_steal(inflate);
	return 0;
}

void
firn_inflate_close(struct firn_inflate **inflate)
{
	if (*inflate == NULL)
		return;
	ZSTD_freeDCtx((*inflate)->zstd);
	/* What is in an archive includes values of secrets. */
	if ((*inflate)->buffer != NULL)
		OPENSSL_cleanse((*inflate)->buffer, BUFFER);
	if ((*inflate)->plain != NULL)
		OPENSSL_cleanse((*inflate)->plain, FIRN_FRAME);
	free((*inflate)->buffer);
	free((*inflate)->plain);
	free(*inflate);
	*inflate = NULL;
}

/* Have a whole frame in the buffer, or all there is. */
static int
fill(struct firn_inflate *inflate, struct firn_err *err)
{
	ssize_t n;

	if (inflate->end || inflate->have - inflate->at >= LONGEST_FRAME)
		return 0;
	memmove(inflate->buffer, inflate->buffer + inflate->at,
		inflate->have - inflate->at);
	inflate->have -= inflate->at;
	inflate->at = 0;
	n = firn_read_some(inflate->fd, "the archive",
			   inflate->buffer + inflate->have,
			   BUFFER - inflate->have, err);
	if (n < 0)
		return -1;
	inflate->have += (size_t)n;
	inflate->end = inflate->have < BUFFER;
	return 0;
}

static void
pass(struct firn_inflate *inflate, size_t len)
{
	inflate->at += len;
	inflate->offset += len;
}

/*
 * The length of a frame's header if it's one that we write: content size known
 * and within bounds, with a checksum, without a dictionary, no bit that zstd
 * ignores.  RFC 8878, section 3.1.1.1.
 */
static enum look
look_at_header(const unsigned char *bytes, size_t len, size_t *ret_plain,
	       size_t *ret_len)
{
	static const size_t size_fields[] = { 1, 2, 4, 8 };
	unsigned long long plain;
	size_t header;

	if (len < 5)
		return LOOK_SHORT;
	if ((bytes[4] & 0x1f) != 0x04)
		return LOOK_BAD;
	header = 5 + ((bytes[4] & 0x20) != 0 ? 0 : 1);
	if ((bytes[4] & 0x20) != 0 || bytes[4] >> 6 != 0)
		header += size_fields[bytes[4] >> 6];
	if (len < header)
		return LOOK_SHORT;
	plain = ZSTD_getFrameContentSize(bytes, len);
	if (plain == 0 || plain > FIRN_FRAME)
		return LOOK_BAD; /* unknown and error are huge numbers */
	*ret_plain = (size_t)plain;
	*ret_len = header;
	return LOOK_GOOD;
}

/* Block by block to the end; RFC 8878, section 3.1.1.2. */
static enum look
look_at_blocks(const unsigned char *bytes, size_t len, size_t at,
	       size_t *ret_stored)
{
	bool last = false;

	while (!last) {
		uint32_t header, size;

		if (at + 3 > len)
			return LOOK_SHORT;
		header = (uint32_t)bytes[at] | (uint32_t)bytes[at + 1] << 8 |
			 (uint32_t)bytes[at + 2] << 16;
		size = header >> 3;
		last = (header & 1) != 0;
		if ((header >> 1 & 3) == 3 || size > FIRN_FRAME)
			return LOOK_BAD;
		at += 3 + ((header >> 1 & 3) == 1 ? 1 : size);
		if (at > LONGEST_FRAME)
			return LOOK_BAD;
	}
	*ret_stored = at + 4; /* its checksum */
	return at + 4 <= len ? LOOK_GOOD : LOOK_SHORT;
}

/* A short frame may be wrong already in what there is of it. */
static bool
decodes_so_far(struct firn_inflate *inflate, const unsigned char *bytes,
	       size_t len)
{
	ZSTD_inBuffer in = { .src = bytes, .size = len };
	ZSTD_outBuffer out = { .dst = inflate->plain, .size = FIRN_FRAME };

	ZSTD_DCtx_reset(inflate->zstd, ZSTD_reset_session_only);
	while (in.pos < in.size) {
		size_t before = in.pos, made = out.pos;

		if (ZSTD_isError(
			    ZSTD_decompressStream(inflate->zstd, &out, &in)))
			return false;
		if (in.pos == before && out.pos == made)
			break;
	}
	return true;
}

static enum look
look_at_frame(struct firn_inflate *inflate, struct firn_piece *ret)
{
	const unsigned char *bytes = inflate->buffer + inflate->at;
	size_t len = inflate->have - inflate->at;
	size_t header, stored = 0, plain;
	enum look look = look_at_header(bytes, len, &ret->plain_len, &header);

	if (look != LOOK_GOOD)
		return look;
	look = look_at_blocks(bytes, len, header, &stored);
	ret->stored = stored;
	if (look == LOOK_SHORT && !decodes_so_far(inflate, bytes, len))
		return LOOK_BAD;
	if (look != LOOK_GOOD)
		return look;
	plain = ZSTD_decompressDCtx(inflate->zstd, inflate->plain, FIRN_FRAME,
				    bytes, stored);
	if (ZSTD_isError(plain) || plain != ret->plain_len)
		return LOOK_BAD;
	ret->kind = FIRN_PIECE_FRAME;
	ret->bytes = bytes;
	ret->plain = inflate->plain;
	return LOOK_GOOD;
}

static enum look
look_at_skippable(struct firn_inflate *inflate, bool trailer,
		  struct firn_piece *ret)
{
	const unsigned char *bytes = inflate->buffer + inflate->at;
	size_t len = inflate->have - inflate->at;

	if (len < 8)
		return LOOK_SHORT;
	ret->kind = trailer ? FIRN_PIECE_TRAILER : FIRN_PIECE_SEEK;
	ret->stored = 8 + (uint64_t)firn_get_le32(bytes + 4);
	ret->bytes = bytes;
	if (!trailer)
		return LOOK_GOOD;
	if (ret->stored > LONGEST_FRAME && len >= LONGEST_FRAME)
		return LOOK_BAD;
	return ret->stored <= len ? LOOK_GOOD : LOOK_SHORT;
}

static enum look
look_here(struct firn_inflate *inflate, struct firn_piece *ret)
{
	const unsigned char *bytes = inflate->buffer + inflate->at;
	size_t len = inflate->have - inflate->at;
	unsigned char known[3][4];

	firn_put_le32(known[0], FIRN_MAGIC_FRAME);
	firn_put_le32(known[1], FIRN_MAGIC_TRAILER);
	firn_put_le32(known[2], FIRN_MAGIC_SEEK);
	for (unsigned i = 0; i < 3; i++) {
		if (memcmp(bytes, known[i], len < 4 ? len : 4) != 0)
			continue;
		if (len < 4)
			return LOOK_SHORT;
		return i == 0 ? look_at_frame(inflate, ret)
			      : look_at_skippable(inflate, i == 1, ret);
	}
	return LOOK_BAD;
}

/* Is this the start of one that can be believed, in the middle of damage?  A
 * seek table can't: nothing in it is checked. */
static bool
is_start(struct firn_inflate *inflate)
{
	static const unsigned char first = FIRN_MAGIC_FRAME & 0xff;
	static const unsigned char other = FIRN_MAGIC_TRAILER & 0xff;
	const unsigned char *bytes = inflate->buffer + inflate->at;
	struct firn_piece piece = { 0 };

	if (*bytes != first && *bytes != other)
		return false;
	if (inflate->have - inflate->at < 4 ||
	    (firn_get_le32(bytes) != FIRN_MAGIC_FRAME &&
	     firn_get_le32(bytes) != FIRN_MAGIC_TRAILER))
		return false;
	inflate->candidates++;
	return look_here(inflate, &piece) == LOOK_GOOD;
}

/* To the next good frame, or to the end; returns whether there is one. */
static int
search(struct firn_inflate *inflate, struct firn_err *err)
{
	do {
		pass(inflate, 1);
		if (fill(inflate, err) < 0)
			return -1;
		if (inflate->at == inflate->have)
			return 0;
		if (inflate->candidates > MOST_CANDIDATES)
			pass(inflate, inflate->have - inflate->at - 1);
	} while (!is_start(inflate));
	return 1;
}

/* If the next one begins where this says it ends, only its content is. */
static int
pass_broken(struct firn_inflate *inflate, struct firn_piece *ret,
	    struct firn_err *err)
{
	uint64_t left = inflate->have - inflate->at;
	uint32_t magic = 0;
	int found;

	ret->kind = FIRN_PIECE_BROKEN;
	ret->bytes = ret->plain = NULL;
	if (ret->stored > 0 && ret->stored + 4 <= left)
		magic = firn_get_le32(inflate->buffer + inflate->at +
				      ret->stored);
	if (magic == FIRN_MAGIC_FRAME || magic == FIRN_MAGIC_TRAILER ||
	    magic == FIRN_MAGIC_SEEK) {
		pass(inflate, (size_t)ret->stored);
		return 0;
	}
	ret->plain_len = 0;
	found = search(inflate, err);
	ret->stored = inflate->offset - ret->offset;
	return found;
}

/* The file ends inside a frame; unless that's because its header lies, and
 * there are others behind. */
static int
pass_short(struct firn_inflate *inflate, struct firn_piece *ret,
	   struct firn_err *err)
{
	size_t at = inflate->at;
	int found = pass_broken(inflate, ret, err);

	if (found != 0 || ret->plain_len != 0)
		return found;
	ret->kind = FIRN_PIECE_CUT;
	ret->bytes = inflate->buffer + at;
	return 0;
}

int
firn_inflate_next(struct firn_inflate *inflate, struct firn_piece *ret,
		  struct firn_err *err)
{
	enum look look;

	*ret = (struct firn_piece){ .offset = inflate->offset };
	if (fill(inflate, err) < 0)
		return -1;
	if (inflate->at == inflate->have)
		return 0;
	look = look_here(inflate, ret);
	if (look == LOOK_GOOD) {
		if (ret->kind != FIRN_PIECE_SEEK)
			pass(inflate, (size_t)ret->stored);
		return 0;
	}
	if (look == LOOK_SHORT && inflate->end)
		return pass_short(inflate, ret, err) < 0 ? -1 : 0;
	return pass_broken(inflate, ret, err) < 0 ? -1 : 0;
}

ssize_t
firn_inflate_raw(struct firn_inflate *inflate, void *data, size_t size,
		 struct firn_err *err)
{
	size_t done = 0;

	while (done < size) {
		size_t part = size - done;

		if (fill(inflate, err) < 0)
			return -1;
		if (part > inflate->have - inflate->at)
			part = inflate->have - inflate->at;
		if (part == 0)
			break;
		memcpy((char *)data + done, inflate->buffer + inflate->at,
		       part);
		pass(inflate, part);
		done += part;
	}
	return (ssize_t)done;
}

uint64_t
firn_inflate_offset(const struct firn_inflate *inflate)
{
	return inflate->offset;
}
