#ifndef FIRN_LEDGER_H
#define FIRN_LEDGER_H

/*
 * ledger -- every change to the node, written down before it is made.
 *
 * One file of JSON lines per target, /run/firn/ledger/ID.jsonl, 0600,
 * appended, synced.  Whoever reads it knows what firn did, what it was about
 * to do when it died, and how to undo it.  A line of another boot says nothing
 * about this one.
 *
 * A change goes through phases: "asked" (about to be made), "made" (the kernel
 * took it), "confirmed" (its effect was seen), "failed" (it was not made),
 * "undone"; or "final" (made, and nothing can undo it).  A change that was
 * asked and has no later line may have been made.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/target.h"

struct firn_ledger;

/* Who asks, and why; strings are borrowed and may be NULL. */
struct firn_authority {
	const char *operator_name; /* --operator, else the login name */
	const char *case_id;
};

/*
 * firn_ledger_open(ret, id, authority, err) -- open, make if need be, and lock
 * it against another firn (waits at most 5 s, then EBUSY).
 *
 * `id` is a target's: letters, digits, `-_.`, no dot in front, or EINVAL.  A
 * file that is not ours alone is EPERM.  A long one with nothing left to undo
 * is set aside as ID.jsonl.old.  The lock is the process's (fcntl_locking(2)):
 * its children don't have it, and one process opens a ledger once at a time.
 * Release with firn_ledger_close().
 */
FIRN_MUST_CHECK int firn_ledger_open(struct firn_ledger **ret, const char *id,
				     const struct firn_authority *authority,
				     struct firn_err *err);
void firn_ledger_close(struct firn_ledger **ledger);

/*
 * firn_ledger_peek(ret, id, err) -- read what stands in it, and nothing else:
 * nothing is made, and no lock is held, so that the last line may be torn.
 *
 * `*ret` is NULL without a ledger.  What is asked or noted in it fails.
 */
FIRN_MUST_CHECK int firn_ledger_peek(struct firn_ledger **ret, const char *id,
				     struct firn_err *err);

/*
 * firn_ledger_ask(ledger, action, details, ret_change, err) -- write down what
 * is about to be done.
 *
 * `action` is "freeze", "isolate", ...; `details` (borrowed) says exactly what
 * and how to undo it.  Synced before it returns.  `*ret_change` numbers it.
 */
FIRN_MUST_CHECK int firn_ledger_ask(struct firn_ledger *ledger,
				    const char *action, const json_t *details,
				    uint64_t *ret_change, struct firn_err *err);

/* firn_ledger_note(ledger, change, phase, details, err) -- how it went;
 * `details` is borrowed and may be NULL.  A change that was not asked in this
 * boot is EINVAL. */
FIRN_MUST_CHECK int firn_ledger_note(struct firn_ledger *ledger,
				     uint64_t change, const char *phase,
				     const json_t *details,
				     struct firn_err *err);

/*
 * firn_ledger_open_changes(ledger, action) -- the changes of this boot that
 * are not undone, did not fail and can be undone, oldest first: a new array of
 * the lines as they were asked ("details" is what was asked), but with the last
 * "phase", and "noted": an array of the whole lines that were noted of it
 * since, each with its "phase", "time" and "details".  `action` NULL is every
 * one.
 */
json_t *firn_ledger_open_changes(const struct firn_ledger *ledger,
				 const char *action);

/* firn_ledger_lines(ledger) -- all lines of this boot, oldest first; borrowed,
 * an array.  A line that a crash cut short stands there as an object with
 * nothing but "torn", its text. */
const json_t *firn_ledger_lines(const struct firn_ledger *ledger);

/* firn_ledger_ids(ret, err) -- the targets that have a ledger: a new array of
 * strings. */
FIRN_MUST_CHECK int firn_ledger_ids(json_t **ret, struct firn_err *err);

#endif
