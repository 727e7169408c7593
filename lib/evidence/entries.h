#ifndef EVIDENCE_ENTRIES_H
#define EVIDENCE_ENTRIES_H

/*
 * entries -- the files in a tar that firn_tar_header() made the headers of,
 * from bytes as they come: a layer, what was mounted.
 *
 * Their names are the suspect's.  Of a sparse file the pieces of data come one
 * after the other, without the holes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "evidence/tar.h"
#include "firn/err.h"

enum firn_entries_event {
	FIRN_ENTRIES_MORE,  /* all bytes are used up */
	FIRN_ENTRIES_BEGIN, /* one begins: `path`, `type`, `mode`, ... */
	FIRN_ENTRIES_DATA,  /* `data`, `data_len` of it */
	FIRN_ENTRIES_DONE,  /* that was all of it */
	FIRN_ENTRIES_END,   /* of the tar; what follows is passed over */
};

enum firn_entries_state {
	FIRN_ENTRIES_HEADER,
	FIRN_ENTRIES_PAX,
	FIRN_ENTRIES_MAP,
	FIRN_ENTRIES_CONTENT,
	FIRN_ENTRIES_PADDING,
	FIRN_ENTRIES_ENDED,
};

/* Starts as `{ 0 }`; released with firn_entries_free(). */
struct firn_entries {
	char *path; /* without a "/" in front */
	enum firn_tar_type type;
	uint32_t mode;
	uint64_t uid, gid;
	uint64_t size; /* of what is stored of a file */
	const unsigned char *data;
	size_t data_len;

	enum firn_entries_state state;
	unsigned char block[FIRN_TAR_BLOCK];
	size_t have; /* bytes of the block */
	struct firn_buf pax;
	uint64_t left;    /* bytes of what the state is about */
	uint64_t numbers; /* lines of the map to come, + 1; 0: its first */
	uint64_t number;  /* the one that is read */
	uint64_t map_len;
};

void firn_entries_free(struct firn_entries *entries);

/* firn_entries_step(entries, bytes, len, ret, err) -- take from the bytes up to
 * the next event; moves both on.  Not such a tar is EBADMSG. */
FIRN_MUST_CHECK int firn_entries_step(struct firn_entries *entries,
				      const unsigned char **bytes, size_t *len,
				      enum firn_entries_event *ret,
				      struct firn_err *err);

#endif
