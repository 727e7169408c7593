#ifndef ASSESS_ASSIGNMENTS_H
#define ASSESS_ASSIGNMENTS_H

/*
 * assignments -- names and their values in a command line or a file.
 *
 * Only what can be the name of a variable or of an option is taken for one:
 * anything else before a "=" may hold a secret itself, and a name is shown.
 */

#include <stddef.h>

#include "assess/checklist/checklist.h"

/*
 * firn_checklist_arguments(list, place, text, len, err) -- of a command line,
 * as in proc_pid_cmdline(5): "--token=VALUE", "--token" "VALUE", and what
 * stands in the text of a shell's -c; then whatever patterns find.
 */
FIRN_MUST_CHECK int firn_checklist_arguments(
	struct firn_checklist *list, const struct firn_secret_place *place,
	const char *text, size_t len, struct firn_err *err);

/* firn_checklist_lines(list, place, text, len, err) -- of a file: "NAME=value"
 * and "name = value" lines; then whatever patterns find.  Returns how many
 * patterns found. */
FIRN_MUST_CHECK int firn_checklist_lines(struct firn_checklist *list,
					 const struct firn_secret_place *place,
					 const char *text, size_t len,
					 struct firn_err *err);

#endif
