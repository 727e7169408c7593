#ifndef RESPOND_CAPTURE_RUN_H
#define RESPOND_CAPTURE_RUN_H

/*
 * capture_run -- one capture under way, and its parts.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "assess/exposure/facts.h"
#include "firn/capture.h"

struct firn_watch;

struct firn_run {
	struct firn_target *target;
	struct firn_ledger *ledger;
	const struct firn_capture *how;
	struct firn_archive *archive; /* NULL until it's begun */
	json_t *result;
	json_t *times;
	uint64_t start_ns;
	bool frozen_by_us;
	bool uncut; /* its interfaces could not be cut, */
	struct firn_err uncut_why;
	struct firn_holder *holder; /* or NULL */
	struct firn_watch *watch;   /* or NULL */
	json_t *seen;               /* what the watch saw, once it ended */
	struct firn_facts facts;    /* what was written, to be judged */
	struct firn_secret_rules
		*rules;               /* those that ship, if none are given */
	struct firn_secrets *secrets; /* the checklist, while it is made */
	json_t *checklist;            /* of secrets, or NULL */
	struct firn_collection what;
	struct firn_queue_leave leave;
};

/* firn_run_give_leave(run) -- sets `what`: as it was asked for, and sockets may
 * be changed for as long as their queues are read. */
void firn_run_give_leave(struct firn_run *run);

/* firn_run_mark(run, name) -- "times" has this moment under that name. */
void firn_run_mark(struct firn_run *run, const char *name);

/* firn_run_contain(run, err) -- cut, freeze, cut the interfaces. */
FIRN_MUST_CHECK int firn_run_contain(struct firn_run *run,
				     struct firn_err *err);

/* firn_run_watch(run, err) -- is it frozen all the time from now on, and who
 * dies meanwhile? */
FIRN_MUST_CHECK int firn_run_watch(struct firn_run *run, struct firn_err *err);

/* firn_run_watch_members(run) -- let the archive ask at each member. */
void firn_run_watch_members(struct firn_run *run);

/* firn_run_watch_end(run) -- what was seen goes into the result and the gaps;
 * kills that wait complete now. */
void firn_run_watch_end(struct firn_run *run);

/* firn_run_write_case(run, err) -- data/case.json. */
FIRN_MUST_CHECK int firn_run_write_case(struct firn_run *run,
					struct firn_err *err);

/* firn_run_begin_checklist(run) -- look for secrets in its processes; without
 * that there is a gap, and no checklist. */
void firn_run_begin_checklist(struct firn_run *run);

/* firn_run_write_checklist(run, err) -- data/assess/: the checklist, with what
 * lies in files and who else on the node has what is on it; that takes a while,
 * and so waits until the target runs again. */
FIRN_MUST_CHECK int firn_run_write_checklist(struct firn_run *run,
					     struct firn_err *err);

/* firn_run_end_checklist(run) -- release what it took to make it. */
void firn_run_end_checklist(struct firn_run *run);

/* firn_run_keep_checklist(run) -- for the case, if there is one; it is synced,
 * and so waits until the target runs again. */
void firn_run_keep_checklist(struct firn_run *run);

/* firn_run_write_attempts(run, err) -- data/network/attempts.jsonl, if they
 * were counted. */
FIRN_MUST_CHECK int firn_run_write_attempts(struct firn_run *run,
					    struct firn_err *err);

/* firn_run_write_exposure(run, err) -- data/assess/: whether the node is
 * exposed, by what was written; nothing more is read for it. */
FIRN_MUST_CHECK int firn_run_write_exposure(struct firn_run *run,
					    struct firn_err *err);

/* firn_run_write_containment(run, err) -- data/containment.jsonl: what the
 * ledger says of this boot, as evidence of our own doing, and what the watch
 * saw others do. */
FIRN_MUST_CHECK int firn_run_write_containment(struct firn_run *run,
					       struct firn_err *err);

#endif
