#ifndef EVIDENCE_AUDIT_FILES_H
#define EVIDENCE_AUDIT_FILES_H

/*
 * audit_files -- the files that the audit log consists of.
 */

#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "firn/err.h"

#define FIRN_AUDIT_LOG "the audit log"
#define FIRN_AUDIT_FILE "audit.jsonl"

/* What let something be stopped in this boot, again: firn_audit_recent(). */
#define FIRN_STOPS_FOLDER "/run/firn"
#define FIRN_STOPS_FILE "stops.jsonl"
#define FIRN_STOPS_OLD "stops.jsonl.old"
#define FIRN_STOPS_MAX ((off_t)4 << 20)

/* "audit-000001.jsonl" and a NUL. */
#define FIRN_AUDIT_NAME 32

/* firn_audit_name(number, ret) -- of a file that was set aside. */
void firn_audit_name(unsigned number, char ret[FIRN_AUDIT_NAME]);

/*
 * firn_audit_aside(dir_fd, ret, ret_n, err) -- the numbers of those that were
 * set aside, ascending; for the caller to free(3).
 */
FIRN_MUST_CHECK int firn_audit_aside(int dir_fd, unsigned **ret, size_t *ret_n,
				     struct firn_err *err);

/* firn_audit_note_stop(line, err) -- write it down there; with the log taken.
 */
FIRN_MUST_CHECK int firn_audit_note_stop(const json_t *line,
					 struct firn_err *err);

#endif
