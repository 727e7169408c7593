#ifndef FIRN_CASES_H
#define FIRN_CASES_H

/*
 * cases -- what the runner does about alerts: one case per container at a time.
 *
 * ID.case.jsonl in the folder of cases (evidence/case_folder.h), one line per
 * event, written before what it tells of is done: "opened" (target, alert,
 * playbook with its digest, who), "folded" (one more alert), "step" (n, kind,
 * "begun"), "step" (n, "done" or "failed", result), "waits" (approval),
 * "finished" (state).  A process that works a case holds a lock on its file;
 * one that is not locked and not finished is to be gone on with.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/playbook.h"
#include "firn/policy.h"

/*
 * firn_cases(ret, err) -- all cases that a playbook was carried out for, newest
 * first: "case", "opened", "target", "playbook", "who", "alerts" (count),
 * "state" ("working", "waiting", "interrupted", "done", "failed", "refused",
 * "dry run"), "step" (what it is at), "steps", "archive", "finished", "why".
 */
FIRN_MUST_CHECK int firn_cases(json_t **ret, struct firn_err *err);

struct firn_runner {
	const struct firn_host *host;
	const struct firn_policy *policy;
	const struct firn_playbooks *playbooks;
	const char *inbox; /* NULL: FIRN_INBOX */
	int stop_fd;       /* readable: stop taking letters, and return */
	void (*ready)(
		void *arg); /* the inbox is watched from here on; or NULL */
	void *arg;
};

/*
 * firn_runner(runner, err) -- work the inbox until told to stop.
 *
 * Goes on with what was interrupted first.  Each case is worked in a process of
 * its own, which outlives the runner.
 */
FIRN_MUST_CHECK int firn_runner(const struct firn_runner *runner,
				struct firn_err *err);

/*
 * firn_respond(runner, target, playbook, who, alert, ret, err) -- carry a
 * playbook out, here and now; what `firn respond` does.  `alert` may be NULL.
 * `*ret` is the case, as firn_cases() has it, with "results" of each step.
 */
FIRN_MUST_CHECK int firn_respond(const struct firn_runner *runner,
				 struct firn_target *target,
				 const struct firn_playbook *playbook,
				 const struct firn_party *who,
				 const json_t *alert, json_t **ret,
				 struct firn_err *err);

#endif
