#ifndef CONTAIN_KEEP_KEEPER_PLACE_H
#define CONTAIN_KEEP_KEEPER_PLACE_H

/*
 * keeper_place -- the cgroups in which keepers live: /firn/keeper in the v2
 * hierarchy, in v1's freezer, and in the one that systemd knows units by.
 *
 * There is nothing in them but keepers; they are gone when the last keeper is.
 *
 * Source: cgroups(7); systemd.kill(5), KillMode=.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"

/* firn_keeper_places(host, ret, err) -- their folders, as firn sees them: a new
 * array of texts.  Makes none. */
FIRN_MUST_CHECK int firn_keeper_places(const struct firn_host *host,
				       json_t **ret, struct firn_err *err);

/* firn_keeper_enter(places, err) -- make those that aren't there, and go there.
 * Goes on after a failure, and says the first. */
FIRN_MUST_CHECK int firn_keeper_enter(const json_t *places,
				      struct firn_err *err);

/* firn_keeper_leave(places) -- out of them, to the root, and remove them. */
void firn_keeper_leave(const json_t *places);

/* firn_keeper_tidy(places) -- remove those that nobody is in. */
void firn_keeper_tidy(const json_t *places);

#endif
