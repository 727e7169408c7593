#ifndef FIRN_CUSTODY_H
#define FIRN_CUSTODY_H

/*
 * custody -- who did what with a case, and when: a record that is only added
 * to.
 *
 * ID.custody.jsonl in the folder of cases. Each line is a JSON object:
 *
 *   "seq"      1, 2, ...
 *   "time"     of the wall clock
 *   "who"      {"said": "alice", "uid": 1000, "login": "alice"}: as they said,
 *              and as the kernel knows them
 *   "action"   "secret done", ...
 *   "details"  an object
 *   "prev"     SHA-256 of the line before without its end, 64 zeros for none
 *
 * So a line that was changed, taken out or put in shows.  That the last ones
 * were cut off does not, and root can write all of it anew: compare the digest
 * of the last line with one that was noted elsewhere.
 *
 * A line that a power cut tore is left as it is.  The next one has the action
 * "torn", and "details" with how many "bytes" stand there and their "sha256".
 */

#include <jansson.h>

#include "firn/err.h"

/*
 * firn_custody_add(cases_fd, case_id, by, action, details, err) -- add a line,
 * synced.
 *
 * `cases_fd` is the folder of cases, by firn_case_folder().
 *
 * `by` is who is said to do it; NULL for who is at the keyboard.  `details` is
 * borrowed, and may be NULL.  Another process that writes is waited for.
 */
FIRN_MUST_CHECK int firn_custody_add(int cases_fd, const char *case_id,
				     const char *by, const char *action,
				     const json_t *details,
				     struct firn_err *err);

/*
 * firn_custody_read(cases_fd, case_id, ret, err) -- all lines, and whether they
 * are a chain.
 *
 * `*ret` is a new object: "lines" [...], "head" (digest of the last one; null
 * for none), "intact", "failures" [{"line": N, "why": "..."}], "torn" (bytes at
 * the end that are no line yet).  A case without a record has none.
 */
FIRN_MUST_CHECK int firn_custody_read(int cases_fd, const char *case_id,
				      json_t **ret, struct firn_err *err);

#endif
