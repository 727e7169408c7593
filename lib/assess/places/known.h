#ifndef ASSESS_KNOWN_H
#define ASSESS_KNOWN_H

/*
 * known -- names of files that hold credentials wherever they lie.
 */

#include <stdbool.h>

#include "assess/rules/rules.h"

/* firn_is_known(rules, path) -- is it one of them, or one that a rule names?
 * `path` is absolute. */
bool firn_is_known(const struct firn_secret_rules *rules, const char *path);

/* firn_is_application(cwd, path) -- is it an application's configuration or
 * script, in one of the folders that those have, or in `cwd` ("" for none)? */
bool firn_is_application(const char *cwd, const char *path);

/* firn_is_dull(path) -- a folder of documentation, time zones and the like,
 * which isn't walked for names. */
bool firn_is_dull(const char *path);

#endif
