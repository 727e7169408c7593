#ifndef RECEIVER_ANSWERS_H
#define RECEIVER_ANSWERS_H

/*
 * answers -- what became of a letter, for its sender.
 */

#include <jansson.h>

#include "firn/inbox.h"

/*
 * firn_answer_find(inbox, letter, source) -- the answer to a letter that this
 * source has sent: as the runner wrote it, with "id" and "state" ("done").
 *
 * One that isn't answered yet has "state" "waiting".  NULL for none, for one of
 * another source, and for one that has been moved away in between.
 */
json_t *firn_answer_find(const struct firn_inbox *inbox, const char *letter,
			 const char *source);

#endif
