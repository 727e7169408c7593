#ifndef RESPOND_PLAYBOOK_FITS_H
#define RESPOND_PLAYBOOK_FITS_H

/*
 * fits -- is a playbook for an alert?
 */

#include "firn/playbook.h"
#include "respond/playbook/match.h"

/* firn_playbook_excepts(playbook, alert, source, traits, why) -- does its
 * `except` speak against this?  Adds sentences to `why`, unless that's NULL. */
bool firn_playbook_excepts(const struct firn_playbook *playbook,
			   const json_t *alert, const char *source,
			   const struct firn_traits *traits, json_t *why);

/* While it is looked at. */
struct firn_fitting {
	const json_t *alert;
	const char *source;
	struct firn_traits traits; /* found, or what the alert says */
	bool found;
	bool excepts; /* `except`, not `match`, is what is looked at */
	json_t *why;  /* array of sentences; NULL: nobody asks */
};

/* A sentence of why. */
void firn_fits_say(const struct firn_fitting *fitting, const char *fmt, ...)
	FIRN_PRINTF(2, 3);

/* firn_fits_tell(fitting, what, name, text, fits) -- "WHAT NAME is TEXT", or it
 * isn't known: that which spoke for it, or against it.  Returns `fits`. */
bool firn_fits_tell(const struct firn_fitting *fitting, const char *what,
		    const char *name, const char *text, bool fits);

/* fits_target.c: one key of the container, and its labels. */
bool firn_fits_target(const struct firn_fitting *fitting,
		      const struct firn_match_key *key, const json_t *value);
bool firn_fits_target_labels(const struct firn_fitting *fitting,
			     const struct firn_match_key *key,
			     const json_t *wanted);

/* firn_fits_claimed(alert) -- as far as an alert says what it is about. */
struct firn_traits firn_fits_claimed(const json_t *alert);

#endif
