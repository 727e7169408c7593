#ifndef RESPOND_CASES_INTAKE_H
#define RESPOND_CASES_INTAKE_H

/*
 * intake -- from a letter to what is done about each of its alerts.
 */

#include <stddef.h>

#include <jansson.h>

#include "firn/cases.h"
#include "firn/inbox.h"
#include "respond/cases/known.h"
#include "respond/cases/work.h"

struct firn_intake {
	const struct firn_runner *runner;
	const json_t *host_names;
	unsigned long trusted_uid;
	json_t *seen;   /* firn_seen(), of diaries that were there
			 * when the runner began; NULL once its inbox of that
			 * time is empty */
	json_t *folded; /* case to how many were folded into it */
	struct firn_known known;
	bool looked; /* since the letters that are worked now came */

	/* Work the case in a process of its own; a failure is not the
	 * letter's. */
	void (*start)(struct firn_work *work, void *arg);
	void *arg;
};

/*
 * firn_intake(intake, letter, ret, err) -- decide about all of it.
 *
 * `*ret` is the answer for firn_inbox_answer().  -1: something of it could not
 * be written down; the letter is to be worked again.  FIRN_INTAKE_LATER: none
 * of it was decided, and the letter is to be worked again after
 * firn_known_wait_ms(), so that others needn't wait for it.
 */
#define FIRN_INTAKE_LATER 1
FIRN_MUST_CHECK int firn_intake(struct firn_intake *intake,
				const struct firn_letter *letter, json_t **ret,
				struct firn_err *err);

#endif
