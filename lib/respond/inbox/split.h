#ifndef RESPOND_INBOX_SPLIT_H
#define RESPOND_INBOX_SPLIT_H

/*
 * split -- one alert from the next, in a stream of them.
 *
 * A line each, as detectors write them, or a value over several lines, as a
 * person has it in a file.  One that is broken takes none of those behind it
 * along: it ends where a line ends within a string, and where the next line
 * begins with `{` that no line before has asked for.
 */

#include <stdbool.h>
#include <stddef.h>

struct firn_splitter {
	size_t seen; /* bytes of the text that were looked at */
	unsigned depth;
	bool in_string, escaped;
	char last; /* that is no space; 0 for none */
};

/*
 * firn_split(splitter, text, len) -- how long the first alert of `text` is,
 * with the end of its line; 0 for "not whole yet".
 *
 * Called again when more of the same text has come, it goes on where it was.
 * After a length the caller takes that much away, and begins with `{ 0 }`.
 */
size_t firn_split(struct firn_splitter *splitter, const char *text, size_t len);

#endif
