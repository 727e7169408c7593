#ifndef BASE_MARKDOWN_H
#define BASE_MARKDOWN_H

/*
 * markdown -- text that a suspect may have chosen, within a document.
 *
 * Source: CommonMark 0.30, section 2.4.
 */

#include "base/buf.h"

/* firn_markdown_add(buf, text) -- append it so that nothing of it is markup and
 * nothing of it a control; NULL is told as "?". */
void firn_markdown_add(struct firn_buf *buf, const char *text);

#endif
