#ifndef ASSESS_FILL_H
#define ASSESS_FILL_H

/*
 * fill -- the steps of a guide, with the names that are known put in.
 *
 * The names come from the container, and a step is pasted into a shell or a
 * ticket: what could be more than a name there is not put in.
 */

#include <stdbool.h>

#include <jansson.h>

/*
 * firn_fill(text, facts) -- each `{name}` replaced by the fact of that name.
 *
 * One that isn't known, or isn't plain, becomes the word a person replaces:
 * "{key_id}" is KEY_ID.  "${HOME}" and braces around anything but a name stay
 * as they are.  For the caller to free(3); NULL when there is no memory.
 */
char *firn_fill(const char *text, const json_t *facts);

/* firn_is_plain(text) -- a name and nothing else, wherever it is pasted: 1 to
 * 200 of [A-Za-z0-9._:/@-], and no option, and no mention. */
bool firn_is_plain(const char *text);

#endif
