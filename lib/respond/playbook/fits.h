#ifndef RESPOND_PLAYBOOK_FITS_H
#define RESPOND_PLAYBOOK_FITS_H

/*
 * fits -- the half of the question that holds for a playbook that was asked for
 * by its name, too.
 */

#include "firn/playbook.h"

/* firn_playbook_excepts(playbook, alert, source, traits, why) -- does its
 * `except` speak against this?  Adds sentences to `why`, unless that's NULL. */
bool firn_playbook_excepts(const struct firn_playbook *playbook,
			   const json_t *alert, const char *source,
			   const struct firn_traits *traits, json_t *why);

#endif
