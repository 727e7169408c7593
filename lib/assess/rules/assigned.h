#ifndef ASSESS_ASSIGNED_H
#define ASSESS_ASSIGNED_H

/*
 * assigned -- what a text of any language gives to a name: NAME=value,
 * "name": "value", name => 'value', <name>value</name>, define('NAME',
 * 'value').
 */

#include <stdbool.h>
#include <stddef.h>

#include "assess/rules/regex.h"

/* Longer names are none. */
#define FIRN_ASSIGNED_NAME 128

struct firn_assigned {
	char name[FIRN_ASSIGNED_NAME];
	size_t at;              /* where the name begins in the text */
	struct firn_span value; /* without the quotes around it */
	bool quoted;
};

/* firn_in_name(c) -- may it stand in the name of a variable or of an option? */
bool firn_in_name(char c);

/* firn_assigned_next(text, len, from, ret) -- the next from `*from` on, and
 * then where to go on.  Takes a time that is linear in `len`, whatever it is.
 */
bool firn_assigned_next(const char *text, size_t len, size_t *from,
			struct firn_assigned *ret);

#endif
