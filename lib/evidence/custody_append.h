#ifndef EVIDENCE_CUSTODY_APPEND_H
#define EVIDENCE_CUSTODY_APPEND_H

/*
 * custody_append -- a line more in a record of firn/custody.h, by reading no
 * more of it than its end.
 */

#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "evidence/custody_chain.h"
#include "firn/err.h"

#define FIRN_CUSTODY_LINE_MAX ((size_t)64 << 10)

/*
 * firn_custody_lock(fd, type, what, err) -- F_WRLCK or F_RDLCK, until `fd` is
 * closed; EBUSY after 10 s.
 *
 * Of the open file (F_OFD_SETLK): another descriptor of the same file may be
 * closed meanwhile.  Nobody may fork(2) while it is held: a child that hangs
 * would keep it.
 */
FIRN_MUST_CHECK int firn_custody_lock(int fd, short type, const char *what,
				      struct firn_err *err);

/* The end of a record, read from its file. */
struct firn_custody_tail {
	char *text; /* what was read of it; `end.torn` points into it */
	size_t len;
	off_t size; /* of the file */
	struct firn_custody_end end;
};

#define autotail __attribute__((cleanup(firn_custody_tail_free)))

/* firn_custody_tail(fd, what, ret, err) -- read back to the last line that is
 * one.  Where there is none, `ret->end.seq` is 0 and all was read. */
FIRN_MUST_CHECK int firn_custody_tail(int fd, const char *what,
				      struct firn_custody_tail *ret,
				      struct firn_err *err);
void firn_custody_tail_free(struct firn_custody_tail *tail);

/* What the next line says; borrowed. */
struct firn_custody_line {
	json_t *who;
	const char *action;
	json_t *details;
};

/*
 * firn_custody_append(fd, what, tail, line, err) -- add it, and before it one
 * that tells of what is torn; with the record locked, not synced.
 *
 * `tail` is the end that was read, and is moved.  What a full disk took only a
 * part of is taken back.  A line of more than FIRN_CUSTODY_LINE_MAX is E2BIG.
 */
FIRN_MUST_CHECK int firn_custody_append(int fd, const char *what,
					struct firn_custody_tail *tail,
					const struct firn_custody_line *line,
					struct firn_err *err);

#endif
