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

/*
 * firn_case_of(id, ret, err) -- one of them, with "results": for each step "n",
 * "kind", "state" ("done", "failed", "skipped", "begun"), "result", "why"; and
 * "alert", the one that it was opened for.  ESRCH for none.
 */
FIRN_MUST_CHECK int firn_case_of(const char *id, json_t **ret,
				 struct firn_err *err);

struct firn_runner {
	const struct firn_host *host;
	const struct firn_policy *policy;
	const struct firn_playbooks *playbooks;
	const char *inbox; /* NULL: FIRN_INBOX */
	int stop_fd;       /* readable: stop taking letters, and return */
	void (*ready)(
		void *arg); /* the inbox is watched from here on; or NULL */
	void (*alive)(void *arg); /* at least each second; or NULL */
	/* Each line of a diary as it is written, with its "case"; borrowed,
	 * or NULL for nobody.  Of the runner also what it can't do: "event"
	 * is "trouble", with "text". */
	void (*told)(const json_t *line, void *arg);
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
 * Waits for approvals.  EBUSY while another case of this container is open.
 *
 * `*ret` is the case, as firn_case_of() has it.
 */
FIRN_MUST_CHECK int firn_respond(const struct firn_runner *runner,
				 struct firn_target *target,
				 const struct firn_playbook *playbook,
				 const struct firn_party *who,
				 const json_t *alert, json_t **ret,
				 struct firn_err *err);

/*
 * firn_respond_plan(runner, target, playbook, who, ret, err) -- what
 * firn_respond() would do, and what the policy would say; changes nothing.
 *
 * `*ret` is {"target", "playbook", "steps": [{"step", "text"}], "then",
 * "roles": [{"role", "verdict", "why", "rule"}], "open_case" (or null)}.
 */
FIRN_MUST_CHECK int firn_respond_plan(const struct firn_runner *runner,
				      struct firn_target *target,
				      const struct firn_playbook *playbook,
				      const struct firn_party *who,
				      json_t **ret, struct firn_err *err);

#endif
