#ifndef FIRN_AUDIT_H
#define FIRN_AUDIT_H

/*
 * audit -- every decision on this node, in a record that is only added to.
 *
 * /var/lib/firn/audit.jsonl: the lines of firn/custody.h, each bound to the one
 * before.  One that grows beyond FIRN_AUDIT_MAX is set aside as
 * audit-NNNNNN.jsonl, and the next begins with the digest of its last line, so
 * that all of them are one chain.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"

#define FIRN_AUDIT_FOLDER "/var/lib/firn"
#define FIRN_AUDIT_MAX ((size_t)16 << 20)

/*
 * firn_audit_add(who, action, details, err) -- add a line.
 *
 * `who` (borrowed) is as firn_party_json() has it, and `details` may be NULL.
 * Written before it returns, so it outlives the process; firn_audit_sync()
 * makes it outlive the power.  A container can be stopped between the two.
 * Takes the same time however long the record is.
 */
FIRN_MUST_CHECK int firn_audit_add(const json_t *who, const char *action,
				   const json_t *details, struct firn_err *err);

/* firn_audit_sync(err) -- fsync(2) of it and its folder. */
FIRN_MUST_CHECK int firn_audit_sync(struct firn_err *err);

/*
 * firn_audit_read(since, ret, err) -- the lines since a time (seconds of the
 * epoch; 0 for all), and whether all files are one chain.
 *
 * `*ret` is as firn_custody_read() has it; "line" of a failure has "file"
 * beside it.  With `since` only as much is read as is needed, and "intact" is
 * of that.  A node without a record has none.
 */
FIRN_MUST_CHECK int firn_audit_read(long long since, json_t **ret,
				    struct firn_err *err);

#endif
