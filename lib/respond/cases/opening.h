#ifndef RESPOND_CASES_OPENING_H
#define RESPOND_CASES_OPENING_H

/*
 * opening -- a case begins, or is taken up again.
 */

#include <stdbool.h>

#include "respond/cases/turn.h"
#include "respond/cases/work.h"

/* What it is opened for.  All is borrowed; NULL for what there is not. */
struct firn_occasion {
	const struct firn_target *target;
	const struct firn_playbook *playbook;
	const struct firn_party *who;
	const json_t *alert;
	const char *letter; /* in the inbox, */
	size_t index;       /* and which of its alerts */
};

/*
 * firn_case_begin(work, turn, occasion, err) -- its diary, with the first
 * line; from here on the alert isn't lost.
 *
 * `work` is empty before; its target is for the caller to set.
 */
FIRN_MUST_CHECK int firn_case_begin(struct firn_work *work,
				    const struct firn_turn *turn,
				    const struct firn_occasion *occasion,
				    struct firn_err *err);

/* What a case that is taken up again needs, and owns. */
struct firn_resumed {
	struct firn_work work;
	struct firn_target *target;
	struct firn_playbook *playbook;
	struct firn_party who;
};

/*
 * firn_case_resume(runner, id, ret, err) -- take up a case where its process
 * left it: by its diary alone, with the playbook as it was.
 *
 * Returns 1; 0 when there is nothing to go on with: another process works it,
 * it is finished, or it never began.  Ready for firn_work_do().
 */
FIRN_MUST_CHECK int firn_case_resume(const struct firn_runner *runner,
				     const char *id, struct firn_resumed *ret,
				     struct firn_err *err);
void firn_resumed_close(struct firn_resumed *resumed);

#endif
