#ifndef RESPOND_PLAYBOOK_CACAO_H
#define RESPOND_PLAYBOOK_CACAO_H

/*
 * cacao -- what of a playbook somebody else's system would carry out.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/playbook.h"

/* Steps that are one step there. */
struct firn_cacao_step {
	const char *name;
	json_t *commands;   /* owned; NULL: nothing is to be done for it */
	json_t *activities; /* of them, for the playbook; owned */
	bool by_people;
	unsigned timeout_s; /* 0: not said */
	bool or_else;       /* if it fails, only how it is left is still done */
	size_t end;         /* the step of the playbook that comes after */
};

/* firn_cacao_step(playbook, n, ret, err) -- the one that begins with step
 * `n`. */
FIRN_MUST_CHECK int firn_cacao_step(const struct firn_playbook *playbook,
				    size_t n, struct firn_cacao_step *ret,
				    struct firn_err *err);
void firn_cacao_step_free(struct firn_cacao_step *step);

#endif
