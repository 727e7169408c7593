#ifndef ASSESS_MARKDOWN_H
#define ASSESS_MARKDOWN_H

/*
 * markdown -- what the parts of the checklist's Markdown are made of.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/markdown.h"

/* firn_md_time(buf, text) -- to the second. */
void firn_md_time(struct firn_buf *buf, const char *text);

/* firn_md_step(buf, text, in_table) -- a step of a guide, as code: a command in
 * it must be what is shown, and what is copied.  In a table a bar would end the
 * cell. */
void firn_md_step(struct firn_buf *buf, const char *text, bool in_table);

/* firn_md_guide_of(item, key) -- a step of its guide, or NULL.  Borrowed. */
const char *firn_md_guide_of(const json_t *item, const char *key);

bool firn_md_replaces_first(const json_t *item);
bool firn_md_is_done(const json_t *item);

/* firn_md_place(buf, place) -- "environment of process 7, NAME". */
void firn_md_place(struct firn_buf *buf, const json_t *place);

/* firn_md_item(buf, item, number, case_id) -- a section of its own. */
void firn_md_item(struct firn_buf *buf, const json_t *item, size_t number,
		  const char *case_id);

#endif
