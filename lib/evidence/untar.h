#ifndef EVIDENCE_UNTAR_H
#define EVIDENCE_UNTAR_H

/*
 * untar -- the tar inside an archive of ours, from bytes as they come.
 *
 * Accepts what member.c writes and nothing else: a header must be the one that
 * firn_tar_header() makes of what it says.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/format.h"

/* A pax header with a path and a size, and what it belongs to. */
#define FIRN_LONGEST_HEADER 2048

enum firn_untar_event {
	FIRN_UNTAR_MORE,   /* all bytes are used up */
	FIRN_UNTAR_MEMBER, /* a member begins: `path`, `size` */
	FIRN_UNTAR_DATA,   /* `data`, `data_len` of it */
	FIRN_UNTAR_DONE,   /* it's complete, padding too */
	FIRN_UNTAR_END,    /* of the tar */
	FIRN_UNTAR_BAD,    /* not a tar of ours; lost from here on */
};

enum firn_untar_state {
	FIRN_UNTAR_HEADER,
	FIRN_UNTAR_CONTENT,
	FIRN_UNTAR_PADDING,
	FIRN_UNTAR_ENDED,
	FIRN_UNTAR_LOST,
};

struct firn_untar {
	enum firn_untar_state state;
	char folder[FIRN_FOLDER_NAME + 1]; /* "" until the first header */
	char path[FIRN_MEMBER_PATH + 1];   /* of the member, below it */
	uint64_t size, left;
	const unsigned char *data;
	size_t data_len;

	unsigned char header[FIRN_LONGEST_HEADER];
	size_t have, need; /* bytes of the header */
};

/* firn_untar_step(untar, bytes, len) -- take from the bytes up to the next
 * event; moves both on. */
enum firn_untar_event firn_untar_step(struct firn_untar *untar,
				      const unsigned char **bytes, size_t *len);

/* firn_untar_skip(untar, len) -- so many bytes can't be had.  False when what
 * follows isn't known: lost, until firn_untar_resume(). */
bool firn_untar_skip(struct firn_untar *untar, uint64_t len);

/* firn_untar_resume(untar, bytes, len) -- when lost: does a member, or the
 * end, begin here?  Then go on. */
bool firn_untar_resume(struct firn_untar *untar, const unsigned char *bytes,
		       size_t len);

#endif
