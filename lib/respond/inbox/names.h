#ifndef RESPOND_INBOX_NAMES_H
#define RESPOND_INBOX_NAMES_H

/*
 * names -- of letters: by when they came, so that they sort.
 *
 * "1795900000.123456789-4711-1": seconds and nanoseconds, process, count.
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/err.h"
#include "firn/inbox.h"

/* firn_letter_name(ret) -- of a new one. */
void firn_letter_name(char ret[FIRN_LETTER_NAME]);

/* firn_letter_is_name(name) -- could it be one? */
bool firn_letter_is_name(const char *name);

/* firn_letters_list(dir_fd, ret, err) -- every name in a folder, sorted; also
 * those that are no letter's. */
FIRN_MUST_CHECK int firn_letters_list(int dir_fd, struct firn_letters *ret,
				      struct firn_err *err);

/* firn_letters_count(dir_fd, ret, err) -- how many there are. */
FIRN_MUST_CHECK int firn_letters_count(int dir_fd, size_t *ret,
				       struct firn_err *err);
void firn_letters_free(struct firn_letters *letters);

#endif
