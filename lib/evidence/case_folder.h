#ifndef EVIDENCE_CASE_FOLDER_H
#define EVIDENCE_CASE_FOLDER_H

/*
 * case_folder -- where a case keeps what must outlive the node's reboot:
 * ID.key, ID.custody.jsonl, ID.secrets.json.
 */

#include <stdbool.h>

#include "firn/err.h"

#define FIRN_CASE_FOLDER "/var/lib/firn/cases"

/* firn_case_folder(err) -- its descriptor, for the caller to close(2); made if
 * it isn't there. */
FIRN_MUST_CHECK int firn_case_folder(struct firn_err *err);

/* firn_case_id_is_valid(id) -- can it be a file's name? */
bool firn_case_id_is_valid(const char *id);

/*
 * firn_case_file(dir_fd, name, flags, err) -- open(2) a file of the folder;
 * made with mode 0600 if `flags` has O_CREAT.
 *
 * Anything but a regular file of ours with that mode and one name is EPERM.
 */
FIRN_MUST_CHECK int firn_case_file(int dir_fd, const char *name, int flags,
				   struct firn_err *err);

#endif
