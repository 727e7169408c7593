#ifndef RESPOND_CASES_TURN_H
#define RESPOND_CASES_TURN_H

/*
 * turn -- one case per container at a time, and not again too soon.
 *
 * /run/firn/cases/TARGET-ID has a line for each case that was begun in this
 * boot, and one when it ended.  Who decides about a container holds its file
 * for as long as that takes.
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/case.h"
#include "firn/err.h"

struct firn_turn {
	int fd; /* -1: not taken */
	char *text;
	size_t len;
};
#define FIRN_TURN        \
	{                \
		.fd = -1 \
	}

/* firn_turn_take(ret, target_id, err) -- waits at most 5 s for another who
 * decides; then EBUSY. */
FIRN_MUST_CHECK int firn_turn_take(struct firn_turn *ret, const char *target_id,
				   struct firn_err *err);

/* firn_turn_look(ret, target_id, err) -- only to look: makes nothing, and waits
 * for nobody. */
FIRN_MUST_CHECK int firn_turn_look(struct firn_turn *ret, const char *target_id,
				   struct firn_err *err);
void firn_turn_close(struct firn_turn *turn);

/* firn_turn_open_case(turn, ret) -- the case of this container that isn't
 * finished; false if there is none. */
bool firn_turn_open_case(const struct firn_turn *turn, char ret[FIRN_CASE_ID]);

/*
 * firn_turn_wait_s(turn, playbook, who, cooldown_s) -- how long until this
 * playbook may be carried out again; 0: now.
 *
 * A case that was refused, or only recorded, keeps nobody but its own sender
 * waiting, and that one for at least FIRN_TURN_REFUSED_S.
 */
#define FIRN_TURN_REFUSED_S 60
unsigned firn_turn_wait_s(const struct firn_turn *turn, const char *playbook,
			  const char *who, unsigned cooldown_s);

/* firn_turn_begin(turn, case_id, playbook, who, err) -- a case begins. */
FIRN_MUST_CHECK int firn_turn_begin(const struct firn_turn *turn,
				    const char *case_id, const char *playbook,
				    const char *who, struct firn_err *err);

/* firn_turn_end(target_id, case_id, acted) -- it is finished; without that, its
 * diary is read to know.  Was anything carried out? */
void firn_turn_end(const char *target_id, const char *case_id, bool acted);

/* firn_run_folder(name, err) -- a folder of ours in /run/firn, made if it isn't
 * there: its descriptor. */
FIRN_MUST_CHECK int firn_run_folder(const char *name, struct firn_err *err);

#endif
