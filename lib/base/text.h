#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/*
 * text -- bytes that a suspect chose, made safe to show.
 *
 * Escaped are: C0 and C1 controls, DEL, the backslash, invalid UTF-8 (each
 * byte as \xNN) and the characters that reorder or hide text (bidirectional
 * controls, zero-width ones, line and paragraph separators, as \uNNNN).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* firn_utf8_length(bytes, len) -- length of the valid UTF-8 character at the
 * start of `bytes` (1 to 4), or 0 if there is none.  RFC 3629. */
size_t firn_utf8_length(const char *bytes, size_t len);

/* firn_is_utf8(bytes, len) -- is it all valid UTF-8, without a NUL? */
bool firn_is_utf8(const char *bytes, size_t len);

/*
 * firn_escape_into(ret, size, bytes, len) -- escape into a buffer.
 *
 * `ret` always ends with a NUL; what does not fit is cut at a whole escape.
 * `size` is at least 1.  Returns the length of the text in `ret`.
 */
size_t firn_escape_into(char *ret, size_t size, const char *bytes, size_t len);

/* firn_escape(bytes, len) -- the same into memory for the caller to free(3);
 * NULL when there is none. */
char *firn_escape(const char *bytes, size_t len);

/* firn_ends_with(text, end) -- are these the last of its characters? */
bool firn_ends_with(const char *text, const char *end);

/* firn_put(out, text) -- write text, escaped, to a stream for people. */
void firn_put(FILE *out, const char *text);

/* firn_size_text(bytes, ret) -- "1.5 GB", in powers of 1000. */
#define FIRN_SIZE_TEXT 32
void firn_size_text(unsigned long long bytes, char ret[FIRN_SIZE_TEXT]);

#endif
