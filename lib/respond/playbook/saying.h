#ifndef RESPOND_PLAYBOOK_SAYING_H
#define RESPOND_PLAYBOOK_SAYING_H

/*
 * saying -- a step as a sentence.
 */

#include "base/buf.h"
#include "firn/playbook.h"

/* firn_say_step(playbook, n, text) -- what its step `n` does, and how that goes
 * with those beside it. */
void firn_say_step(const struct firn_playbook *playbook, size_t n,
		   struct firn_buf *text);

#endif
