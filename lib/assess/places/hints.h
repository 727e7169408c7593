#ifndef ASSESS_HINTS_H
#define ASSESS_HINTS_H

/*
 * hints -- variables that hold no secret, but lead to one: the path of a file,
 * the role that a token stands for.
 */

#include <stddef.h>

#include <jansson.h>

#include "assess/places/looking.h"

struct firn_hints {
	json_t *files;        /* path: name of the variable that led there */
	json_t *environments; /* objects: what each says of identities */
};

FIRN_MUST_CHECK int firn_hints_open(struct firn_hints *ret,
				    struct firn_err *err);
void firn_hints_close(struct firn_hints *hints);

/* firn_hints_environ(hints, text, len) -- of an environment, as in
 * proc_pid_environ(5). */
void firn_hints_environ(struct firn_hints *hints, const char *text, size_t len);

/* firn_look_at_pointed(looking, hints, err) -- the files that variables name,
 * with links followed within the root. */
FIRN_MUST_CHECK int firn_look_at_pointed(const struct firn_looking *looking,
					 const struct firn_hints *hints,
					 struct firn_err *err);

#endif
