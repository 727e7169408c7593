#ifndef FIRN_AUDIT_H
#define FIRN_AUDIT_H

/*
 * audit -- every decision on this node, in a record that is only added to.
 *
 * /var/lib/firn/audit.jsonl: the lines of firn/custody.h, each bound to the one
 * before.  One that has grown to FIRN_AUDIT_MAX is set aside as
 * audit-NNNNNN.jsonl, and the next begins with the digest of its last line and
 * the number after it, so that all of them are one chain.
 *
 * "details" of each line has "boot" (the beginning of the boot's id) and "up_s"
 * (seconds since then, those that it slept too): a clock that is set doesn't
 * change how long ago something was.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"

#define FIRN_AUDIT_FOLDER "/var/lib/firn"
#define FIRN_AUDIT_MAX ((size_t)16 << 20)

/* Kept free behind its end by firn_audit_sync(), where the filesystem can: what
 * fills the disk can't keep firn from acting. */
#define FIRN_AUDIT_RESERVE ((size_t)256 << 10)

/*
 * firn_audit_add(who, action, details, err) -- add a line.
 *
 * `who` (borrowed) is as firn_party_json() has it, and `details` may be NULL;
 * texts in it beyond 512 bytes are cut, and details beyond 32 KiB are left out.
 * Written before it returns, so it outlives the process; firn_audit_sync()
 * makes it outlive the power.  A container can be stopped between the two.
 * Takes the same time however long the record is.
 */
FIRN_MUST_CHECK int firn_audit_add(const json_t *who, const char *action,
				   const json_t *details, struct firn_err *err);

/* firn_audit_sync(err) -- fsync(2) of it and its folder. */
FIRN_MUST_CHECK int firn_audit_sync(struct firn_err *err);

/* The record, while nobody else adds to it: to decide by what stands there. */
struct firn_audit;

/*
 * firn_audit_open(ret, err) -- take it; waits for another firn for 10 s.
 *
 * For as short as can be: every firn of the node waits meanwhile.  Neither
 * fork(2) nor firn_audit_add() until firn_audit_close().
 */
FIRN_MUST_CHECK int firn_audit_open(struct firn_audit **ret,
				    struct firn_err *err);
void firn_audit_close(struct firn_audit **audit);

/* firn_audit_append(audit, who, action, details, err) -- as firn_audit_add(),
 * of one that is taken. */
FIRN_MUST_CHECK int firn_audit_append(struct firn_audit *audit,
				      const json_t *who, const char *action,
				      const json_t *details,
				      struct firn_err *err);

/* A line whose details have this, true, lets something be stopped. */
#define FIRN_AUDIT_STOPS "stops"

/*
 * firn_audit_recent(seconds, ret, err) -- those lines of this boot that are no
 * older, newest first: a new array of objects with "seq", "who", "action" and
 * "details".
 *
 * They stand again in /run/firn/stops.jsonl, after the log has them, so that a
 * flood of refusals makes counting no slower.  The last some thousand of them
 * are kept.  Takes no lock, so it may be called while the record is taken.
 */
FIRN_MUST_CHECK int firn_audit_recent(unsigned seconds, json_t **ret,
				      struct firn_err *err);

/*
 * firn_audit_read(since, ret, err) -- the lines since a time (seconds of the
 * epoch; 0 for all), and whether all files are one chain.
 *
 * `*ret` is as firn_custody_read() has it; "line" of a failure has "file"
 * beside it.  With `since` only as many files are read as are needed, and
 * "intact" is of these.  A node without a record has none.  Nobody is kept from
 * adding meanwhile.
 */
FIRN_MUST_CHECK int firn_audit_read(long long since, json_t **ret,
				    struct firn_err *err);

/*
 * firn_audit_verify(ret, err) -- only whether it is a chain: the same without
 * "lines", with "n_lines" and "files", and without holding all of it.
 */
FIRN_MUST_CHECK int firn_audit_verify(json_t **ret, struct firn_err *err);

/*
 * firn_audit_verify_file(fd, name, ret, err) -- the same of one file alone, of
 * this log or a custody record, as it was copied somewhere.
 *
 * What its first line goes on from is believed, and told: "first" (its number)
 * and "goes_on_from" (a digest; null where it is the first of all).
 */
FIRN_MUST_CHECK int firn_audit_verify_file(int fd, const char *name,
					   json_t **ret, struct firn_err *err);

#endif
