#ifndef FIRN_ERR_H
#define FIRN_ERR_H

/*
 * err -- what failed, on what, and why, in one line that can be stored.
 *
 * Functions that can fail return 0 (or a count) or -1, and take a caller-owned
 * `struct firn_err` as their last parameter.  There are three outcomes:
 *
 *   failed   -1 and `err`; goes up unchanged, or with firn_err_in() in front
 *   gap      a piece of evidence could not be had; recorded in the archive
 *            with firn_archive_gap(), and the collection goes on
 *   no       a true answer that is not the hoped-for one; an out-parameter
 */

#include <stdarg.h>

#define FIRN_MUST_CHECK __attribute__((warn_unused_result))
#define FIRN_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* Longest message, in bytes, including the final NUL.  Longer ones are cut. */
#define FIRN_ERR_TEXT 512

/* Starts as `{ 0 }`, like every struct of ours. */
struct firn_err {
	int code; /* errno(3) value, 0 while nothing has failed */
	char text[FIRN_ERR_TEXT]; /* one line, no newline, no program name */
};

/*
 * firn_err_sys(err, fmt, ...) -- record the failure of a system call.
 *
 * Takes the code from errno(3) as it is on entry and appends ": " and
 * strerror(3) of it:
 *
 *	if (fd < 0)
 *		return firn_err_sys(err, "open %s", path);
 *
 * Names that a suspect chose are escaped on their way in: control characters
 * and invalid UTF-8 never stand raw in `text`.
 *
 * Returns -1, always.
 */
int firn_err_sys(struct firn_err *err, const char *fmt, ...) FIRN_PRINTF(2, 3);

/*
 * firn_err_set(err, code, fmt, ...) -- record a failure found by our own code.
 *
 * `code` is the closest errno(3) value: EBADMSG for malformed input, ESRCH for
 * a process that is gone, EEXIST, ENOTSUP, EPERM for something we refuse to do.
 *
 * Returns -1, always.
 */
int firn_err_set(struct firn_err *err, int code, const char *fmt, ...)
	FIRN_PRINTF(3, 4);

/*
 * firn_err_in(err, fmt, ...) -- say during what the recorded failure happened.
 *
 * Puts the formatted text and ": " in front of the message; keeps the code.
 *
 * Returns -1, always.
 */
int firn_err_in(struct firn_err *err, const char *fmt, ...) FIRN_PRINTF(2, 3);

/* firn_err_nomem(err) -- record ENOMEM.  Returns -1, always. */
int firn_err_nomem(struct firn_err *err);

#endif
