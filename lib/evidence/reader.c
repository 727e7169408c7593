#include "firn/reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "evidence/inflate.h"
#include "evidence/untar.h"

struct firn_reader {
	struct firn_inflate *inflate;
	struct firn_untar untar;
	const unsigned char *bytes; /* of the frame, not looked at yet */
	size_t len;
	const unsigned char *data; /* of the member, not given out yet */
	size_t data_len;
	bool inside; /* a member */
	bool ended;
};

int
firn_reader_open(struct firn_reader **ret, int fd, struct firn_err *err)
{
	autodone(firn_reader_close) struct firn_reader *reader = NULL;

	reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return firn_err_nomem(err);
	if (firn_inflate_open(&reader->inflate, fd, err) < 0)
		return -1;
	*ret = firn_steal(reader);
	return 0;
}

void
firn_reader_close(struct firn_reader **reader)
{
	if (*reader == NULL)
		return;
	firn_inflate_close(&(*reader)->inflate);
	free(*reader);
	*reader = NULL;
}

static int
next_frame(struct firn_reader *reader, struct firn_err *err)
{
	struct firn_piece piece;

	if (firn_inflate_next(reader->inflate, &piece, err) < 0)
		return -1;
	switch (piece.kind) {
	case FIRN_PIECE_FRAME:
		reader->bytes = piece.plain;
		reader->len = piece.plain_len;
		return 0;
	case FIRN_PIECE_END:
	case FIRN_PIECE_CUT:
		return firn_err_set(err, ENODATA,
				    "the archive is cut at byte %llu",
				    (unsigned long long)piece.offset);
	case FIRN_PIECE_TRAILER:
	case FIRN_PIECE_SEEK:
	case FIRN_PIECE_BROKEN:
		break;
	}
	return firn_err_set(err, EBADMSG, "the archive is damaged at byte %llu",
			    (unsigned long long)piece.offset);
}

/* The next event, from as many frames as it takes. */
static int
step(struct firn_reader *reader, enum firn_untar_event *ret,
     struct firn_err *err)
{
	for (;;) {
		*ret = firn_untar_step(&reader->untar, &reader->bytes,
				       &reader->len);
		if (*ret == FIRN_UNTAR_BAD)
			return firn_err_set(err, EBADMSG,
					    "not an archive of ours, before "
					    "byte %llu",
					    (unsigned long long)
						    firn_inflate_offset(
							    reader->inflate));
		if (*ret != FIRN_UNTAR_MORE)
			return 0;
		if (next_frame(reader, err) < 0)
			return -1;
	}
}

int
firn_reader_next(struct firn_reader *reader, const char **ret_path,
		 uint64_t *ret_size, struct firn_err *err)
{
	enum firn_untar_event event;

	if (reader->ended)
		return 0;
	do
		if (step(reader, &event, err) < 0)
			return -1;
	while (event != FIRN_UNTAR_MEMBER && event != FIRN_UNTAR_END);
	reader->data_len = 0;
	reader->inside = event == FIRN_UNTAR_MEMBER;
	reader->ended = event == FIRN_UNTAR_END;
	if (reader->ended)
		return 0;
	*ret_path = reader->untar.path;
	*ret_size = reader->untar.size;
	return 1;
}

ssize_t
firn_reader_read(struct firn_reader *reader, void *data, size_t size,
		 struct firn_err *err)
{
	enum firn_untar_event event;

	if (reader->data_len == 0) {
		if (!reader->inside)
			return 0;
		if (step(reader, &event, err) < 0)
			return -1;
		if (event == FIRN_UNTAR_DONE) {
			reader->inside = false;
			return 0;
		}
		reader->data = reader->untar.data;
		reader->data_len = reader->untar.data_len;
	}
	if (size > reader->data_len)
		size = reader->data_len;
	memcpy(data, reader->data, size);
	reader->data += size;
	reader->data_len -= size;
	return (ssize_t)size;
}
